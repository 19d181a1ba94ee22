"""Scores of a generator against the pictures that it learns from, for the logs and for the best checkpoint."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from keras_stylegan import data
from keras_stylegan.data.pictures import as_rgb, to_uint8
from keras_stylegan.metrics.image_scores import ImageScores, check_classifies
from keras_stylegan.metrics.names import check_extractor, check_metrics, label
from keras_stylegan.models.image_gan import ImageGAN
from keras_stylegan.presets import NoisePreset
from keras_stylegan.systems.base import Scoring

# Real pictures that a reference is made of, at most: more hardly move a score, and each costs a pass of the extractor.
MAX_REAL = 10_000
# Scores that are better when they are smaller.
_DISTANCES = ("fd", "kid")


def build_scoring(preset: NoisePreset, model: ImageGAN, batches: data.Batches) -> Scoring | None:
    """What scores a run as its preset says; None where it says nothing.

    Real pictures are those of the run's first batches, as the critic sees them before augmentation; generated ones are
    of seeds 0, 1, ..., by the averaged generator, and of the same classes.

    Raises:
        ValueError: for an unknown metric or extractor, or a setting that breaks its rule.
        FileNotFoundError: if `score_weights` does not exist.
    """
    if not preset.score_kimg:
        return None
    metrics = check_metrics(name for name in preset.score_metrics.split(",") if name)
    check_extractor(preset.score_extractor, preset.score_weights or None)
    if preset.score_pictures < 2:
        raise ValueError(f"`score_pictures` must be at least 2. Received: score_pictures={preset.score_pictures}")
    distance = next((name for name in metrics if name in _DISTANCES), None)
    monitor = f"score/{label(distance, preset.score_extractor)}" if distance else ""
    score = _scorer(preset, model, batches, metrics)
    return Scoring(score, max(1, round(preset.score_kimg * 1000)), monitor)


def _scorer(preset, model, batches, metrics) -> Callable[[], dict[str, float]]:
    kept: list[tuple[ImageScores, np.ndarray | None]] = []

    def score():
        if not kept:  # what needs a minute waits until it is asked for
            kept.append(_reference(preset, batches, metrics))
        scores, labels = kept[0]
        scores.reset_state()
        for start in range(0, preset.score_pictures, preset.batch_size):
            seeds = range(start, min(preset.score_pictures, start + preset.batch_size))
            classes = labels[np.array(seeds) % len(labels)] if model.generator.num_classes else None
            scores.update_state(fake=as_rgb(model.generate(seeds, classes, preset.batch_size)))
        return scores.result()

    return score


def _reference(preset, batches, metrics):
    from keras_stylegan.metrics.extractors import build_extractor

    extractor = build_extractor(preset.score_extractor, preset.score_weights or None)
    check_classifies(metrics, extractor)
    scores, labels = ImageScores(extractor, metrics, max_features=MAX_REAL), []
    count = min(batches.num_images, MAX_REAL)
    for start in range(0, count, batches.batch_size):
        batch = {name: array[: count - start] for name, array in batches.at(start).items()}
        scores.update_state(real=as_rgb(to_uint8(batch["images"])))
        labels.append(batch.get("labels"))
    return scores, None if labels[0] is None else np.concatenate(labels)
