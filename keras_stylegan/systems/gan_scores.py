"""Scores of a generator against the pictures that it learns from, for the logs and for the best checkpoint."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from keras_stylegan import data
from keras_stylegan.data.pictures import as_rgb, to_uint8
from keras_stylegan.metrics.image_scores import ImageScores, ScoreSettings, check_classifies
from keras_stylegan.metrics.names import check_extractor, check_metrics, label
from keras_stylegan.models.image_gan import ImageGAN
from keras_stylegan.ops.gradients import discard_updates
from keras_stylegan.presets import NoisePreset
from keras_stylegan.systems.base import Scoring

# Real pictures that a reference is made of, at most: more hardly move a score, and each costs a pass of the extractor.
MAX_REAL = 10_000
# Scores that are better when they are smaller.
_DISTANCES = ("fd", "kid")
_NEIGHBORS = {
    **dict.fromkeys(("precision", "recall"), ScoreSettings.precision_neighbors),
    **dict.fromkeys(("density", "coverage"), ScoreSettings.density_neighbors),
}


def build_scoring(preset: NoisePreset, model: ImageGAN, batches: data.Batches) -> Scoring | None:
    """What scores a run as its preset says; None where it says nothing.

    Real pictures are those of the run's first batches, generated ones of seeds 0, 1, ..., by the averaged generator,
    and of the same classes.

    Raises:
        ValueError: for an unknown metric or extractor, a `monitor` that is not among the scores, or too few pictures.
        FileNotFoundError: if `score_weights` does not exist.
    """
    scored = preset.score_kimg > 0
    metrics = _check(preset, batches.num_images) if scored else ()
    distances = [f"score/{label(name, preset.score_extractor)}" for name in metrics if name in _DISTANCES]
    if preset.monitor.startswith("score/") and preset.monitor not in distances:
        known = ", ".join(distances) or "none without fd or kid"
        raise ValueError(f"`monitor` must be among the distances: {known}. Received: monitor={preset.monitor}")
    if not scored:
        return None
    scorer = _Scorer(preset, model, batches, metrics)
    return Scoring(
        scorer.score,
        max(1, round(preset.score_kimg * 1000)),
        distances[0] if distances else "",
        scorer.prepare,
    )


def _check(preset, num_images):
    try:
        metrics = check_metrics(name for name in preset.score_metrics.split(",") if name)
        check_extractor(preset.score_extractor, preset.score_weights or None)
    except ValueError as error:  # the names that the settings have
        raise ValueError(re.sub(r"^`(metrics|extractor|weights)`", r"`score_\1`", str(error))) from error
    fewest = max(2, *(_NEIGHBORS.get(name, 0) + 1 for name in metrics))
    splits = ScoreSettings.inception_splits if "inception_score" in metrics else 0
    counts = (
        (preset.score_pictures, max(fewest, splits), "`score_pictures`"),
        (num_images, fewest, "the pictures of `data`"),
    )
    for count, fewest, of in counts:
        if count < fewest:
            raise ValueError(f"{of} must be at least {fewest} for {', '.join(metrics)}. Received: {count}")
    return metrics


class _Scorer:
    """Scores a model against its batches, whose features it takes when it is first asked."""

    def __init__(self, preset, model, batches, metrics):
        self.preset, self.model, self.batches, self.metrics = preset, model, batches, metrics
        self.extractor, self.scores, self.labels = None, None, None

    def prepare(self) -> dict[str, Any]:
        """Builds the extractor; returns what scores depend on besides their names and the pictures."""
        from keras_stylegan.metrics.extractors import build_extractor

        self.extractor = build_extractor(self.preset.score_extractor, self.preset.score_weights or None)
        check_classifies(self.metrics, self.extractor)
        return {"extractor": self.extractor.protocol(), "pictures": self.preset.score_pictures}

    def score(self, stopped: Callable[[], bool]) -> dict[str, float]:
        """Scores by their labels; none when `stopped` says so on the way."""
        if self.scores is None and not self._take_reference(stopped):
            return {}
        self.scores.reset_state()
        for start in range(0, self.preset.score_pictures, self.batches.batch_size):
            if stopped():
                return {}
            self.scores.update_state(fake=self._generate(start))
        return {name: float(score) for name, score in self.scores.result().items()}

    def _generate(self, start):
        seeds = np.arange(start, min(self.preset.score_pictures, start + self.batches.batch_size))
        classes = self.labels[seeds % len(self.labels)] if self.model.generator.num_classes else None
        with discard_updates():  # a random number drawn here would be missing in training
            return as_rgb(self.model.generate(seeds.tolist(), classes, self.batches.batch_size))

    def _take_reference(self, stopped):
        scores, labels = ImageScores(self.extractor, self.metrics, max_features=MAX_REAL), []
        count = min(self.batches.num_images, MAX_REAL)
        for start in range(0, count, self.batches.batch_size):
            if stopped():
                return False
            batch = {name: array[: count - start] for name, array in self.batches.at(start).items()}
            scores.update_state(real=as_rgb(to_uint8(batch["images"])))
            labels.append(batch.get("labels", np.zeros(0, int)))
        labels = np.concatenate(labels)
        self.scores, self.labels = scores, labels[labels >= 0]  # some may have no class
        return True
