"""Scores of generated images against real ones, of two sets of features or as a metric that takes batches."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterable, Sequence

import numpy as np

from keras_stylegan.metrics.feature_sets import FeatureSet
from keras_stylegan.metrics.frechet import frechet_distance, frechet_distance_of_vectors
from keras_stylegan.metrics.inception_score import inception_score
from keras_stylegan.metrics.kernel import kernel_distance
from keras_stylegan.metrics.names import check_metrics, label
from keras_stylegan.metrics.neighbors import density_coverage, precision_recall

FEW_IMAGES = 2048


@dataclasses.dataclass(frozen=True)
class ScoreSettings:
    """Numbers that scores depend on, for their record; the defaults are those of the papers.

    Attributes:
        kid_subsets: subsets of the kernel distance.
        kid_subset_size: images of a subset, fewer where there are not so many.
        precision_neighbors: k of precision and recall.
        density_neighbors: k of density and coverage.
        inception_splits: parts of the Inception score.
    """

    kid_subsets: int = 100
    kid_subset_size: int = 1000
    precision_neighbors: int = 3
    density_neighbors: int = 5
    inception_splits: int = 10


def check_classifies(metrics: Iterable[str], extractor) -> None:
    """Raises a ValueError for an Inception score of an extractor that does not classify."""
    if "inception_score" in metrics and not extractor.classifies:
        raise ValueError(
            "`metrics` may have inception_score only with an extractor that classifies. Received: "
            f"extractor={extractor.name}"
        )


def score_features(
    real: FeatureSet, fake: FeatureSet, metrics: Iterable[str] = ("fd", "kid"), settings: ScoreSettings | None = None
) -> dict[str, float]:
    """Scores one set of features against another.

    Args:
        real, fake: `FeatureSet`s of one extractor.
        metrics: names among `METRICS`. `kid` and `inception_score` bring their standard deviation over subsets or
            parts along, as `kid_std` and `inception_score_std`.
        settings: `ScoreSettings`.

    Returns:
        Dict from name to score.

    Raises:
        ValueError: for an unknown metric, fewer than two images, fewer than a metric needs, or an Inception score of
            an extractor that does not classify.

    Warns:
        UserWarning: for a Fréchet distance of fewer than 2,048 images, where its bias, about inversely proportional to
            their number, exceeds the differences between good models.
    """
    metrics, settings = check_metrics(metrics), settings or ScoreSettings()
    for name, features in (("real", real), ("fake", fake)):
        if features.count < 2:
            raise ValueError(f"`{name}` must have at least 2 images. Received: {features.count}")
    if "inception_score" in metrics and fake.logits is None:
        raise ValueError("`metrics` may have inception_score only with an extractor that classifies")
    scores = {}
    if "fd" in metrics:
        fewest = min(real.count, fake.count)
        if fewest < FEW_IMAGES:
            message = f"A Fréchet distance of {fewest} images is biased: use at least {FEW_IMAGES}, or KID"
            warnings.warn(message, stacklevel=2)
        scores["fd"] = _frechet(real, fake)
    if "kid" in metrics:
        subset_size = min(settings.kid_subset_size, len(real.features), len(fake.features))
        scores["kid"], scores["kid_std"] = kernel_distance(
            real.features, fake.features, settings.kid_subsets, subset_size
        )
    if {"precision", "recall"} & set(metrics):
        pair = precision_recall(real.features, fake.features, settings.precision_neighbors)
        scores |= {name: score for name, score in zip(("precision", "recall"), pair, strict=True) if name in metrics}
    if {"density", "coverage"} & set(metrics):
        pair = density_coverage(real.features, fake.features, settings.density_neighbors)
        scores |= {name: score for name, score in zip(("density", "coverage"), pair, strict=True) if name in metrics}
    if "inception_score" in metrics:
        scores["inception_score"], scores["inception_score_std"] = inception_score(
            fake.logits, settings.inception_splits
        )
    return scores


def _frechet(real, fake):
    all_kept = all(features.count == len(features.features) for features in (real, fake))
    if all_kept and min(real.count, fake.count) < real.mean.size:
        return frechet_distance_of_vectors(real.features, fake.features)
    return frechet_distance(real.mean, real.covariance, fake.mean, fake.covariance)


class ImageScores:
    """Scores of images as they come, with the methods of a `keras.metrics.Metric`.

    Memory does not grow with the number of images, see `FeatureSet`. The reference is set once, as features or through
    `update_state(real=...)`; `reset_state` forgets the generated images alone, so that every epoch is scored against
    the same reference.

    Args:
        extractor: `FeatureExtractor`.
        metrics: names among `METRICS`.
        reference: `FeatureSet` of the real images, as from `cached_features`; None to give them with `update_state`.
        max_features: feature vectors kept of either set.
        seed: of the sample beyond that.
        settings: `ScoreSettings`.
        name: of the metric.
    """

    def __init__(
        self,
        extractor,
        metrics: Iterable[str] = ("fd", "kid"),
        reference: FeatureSet | None = None,
        max_features: int = 10_000,
        seed: int = 0,
        settings: ScoreSettings | None = None,
        name: str = "image_scores",
    ):
        self.extractor = extractor
        self.metrics = check_metrics(metrics)
        self.max_features = max_features
        self.seed = seed
        self.settings = settings or ScoreSettings()
        self.name = name
        self.real = FeatureSet(max_features, seed) if reference is None else reference
        check_classifies(self.metrics, extractor)
        self.reset_state()

    def update_state(self, fake: Sequence[np.ndarray] | None = None, real: Sequence[np.ndarray] | None = None) -> None:
        """Takes batches of uint8 RGB images in, `(batch, height, width, 3)` or a sequence of any sizes."""
        for images, features in ((fake, self.fake), (real, self.real)):
            if images is not None and len(images):
                features.update(*self.extractor(images))

    def result(self) -> dict[str, float]:
        """Scores by their labels, such as `FD-compact`; standard deviations under the label with `_std`."""
        scores = score_features(self.real, self.fake, self.metrics, self.settings)
        return {label(name, self.extractor.name): score for name, score in scores.items()}

    def reset_state(self) -> None:
        """Forgets the generated images."""
        self.fake = FeatureSet(self.max_features, self.seed)
