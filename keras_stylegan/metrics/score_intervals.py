"""How sure the scores of sets of images are: intervals by scoring random halves of them."""

from __future__ import annotations

import dataclasses
import math
import warnings
from collections.abc import Callable, Iterable

import numpy as np

from keras_stylegan.metrics.feature_sets import FeatureSet
from keras_stylegan.metrics.image_scores import ScoreSettings, score_features
from keras_stylegan.metrics.names import check_metrics

# What a score can be, where an interval ends.
_RANGES = {
    "fd": (0.0, math.inf),
    "kid": (-math.inf, math.inf),
    "precision": (0.0, 1.0),
    "recall": (0.0, 1.0),
    "density": (0.0, math.inf),
    "coverage": (0.0, 1.0),
    "inception_score": (1.0, math.inf),
}


def fewest_images(metric: str, settings: ScoreSettings | None = None) -> int:
    """The images of either set that a metric needs."""
    settings = settings or ScoreSettings()
    return {
        "precision": settings.precision_neighbors + 1,
        "recall": settings.precision_neighbors + 1,
        "density": settings.density_neighbors + 1,
        "coverage": settings.density_neighbors + 1,
        "inception_score": settings.inception_splits,
    }.get(metric, 2)


def score_intervals(
    real: FeatureSet,
    fake: FeatureSet,
    metrics: Iterable[str] = ("fd", "kid"),
    settings: ScoreSettings | None = None,
    resamples: int = 100,
    confidence: float = 0.95,
    seed: int = 0,
    report: Callable[[int], None] = lambda done: None,
) -> dict[str, dict[str, float] | None]:
    """Intervals of what `score_features` gives: where other samples of as many images would score.

    Halves of both sets are drawn without replacement and scored. Their scores spread about their mean as those of whole
    sets drawn anew would, to first order (the delete-d jackknife with d half of the images, where its factor is 1), so
    the interval is the score plus the quantiles of that spread. A bootstrap with replacement will not do: an image
    drawn twice is its own nearest neighbour, a pair with itself under the kernel, and a rank less in the covariance,
    which moves these scores by more than they spread.

    The interval does not hold the bias that a number of images brings, which is what `half` is for: where the bias
    falls as 1/n (Fréchet distance, Inception score) the score exceeds that of infinitely many images by about as much
    as `half` exceeds the score; of the kernel distance, which has none, both agree.

    Args:
        real, fake: `FeatureSet`s of one extractor. Only vectors that they kept are drawn: of larger sets the interval
            is that of as many images as were kept, which is wider.
        metrics: names among `METRICS`.
        settings: `ScoreSettings`; but the kernel distance of halves is that of all their pairs, the limit of many
            subsets.
        resamples: pairs of halves scored, at least 2.
        confidence: above 0 and below 1.
        seed: of the halves.
        report: called with the number of halves scored.

    Returns:
        Dict from metric to `low`, `high`, and `half`, the mean score of the halves; None for a metric that needs more
        images than a half has.

    Raises:
        ValueError: as `score_features`, and if an argument breaks its rule.

    Source: Shao and Wu 1989, "A General Theory for Jackknife Variance Estimation", equation 1.3. Of the bias: Chong
    and Forsyth 2020, "Effectively Unbiased FID and Inception Score and Where to Find Them" (arXiv 1911.07023).
    """
    if resamples < 2:
        raise ValueError(f"`resamples` must be at least 2. Received: resamples={resamples}")
    if not 0 < confidence < 1:
        raise ValueError(f"`confidence` must be between 0 and 1. Received: confidence={confidence}")
    metrics, settings = check_metrics(metrics), settings or ScoreSettings()
    fewest, most = sorted(len(features.features) // 2 for features in (real, fake))
    possible = [metric for metric in metrics if fewest_images(metric, settings) <= fewest]
    if not possible:
        return dict.fromkeys(metrics)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that halves are few is known
        whole = score_features(real, fake, possible, settings)
        # Of halves of one size all pairs; of others as many subsets as go through the larger one.
        settings = dataclasses.replace(settings, kid_subsets=-(-most // fewest), kid_subset_size=fewest)
        random = np.random.default_rng(seed)
        halves = []
        for number in range(resamples):
            halves.append(score_features(_half(real, random), _half(fake, random), possible, settings))
            report(number + 1)
    intervals: dict[str, dict[str, float] | None] = dict.fromkeys(metrics)
    for metric in possible:
        scores = np.array([half[metric] for half in halves])
        ends = whole[metric] + np.quantile(scores - scores.mean(), [(1 - confidence) / 2, (1 + confidence) / 2])
        low, high = np.clip(ends, *_RANGES[metric])
        intervals[metric] = {"low": float(low), "high": float(high), "half": float(scores.mean())}
    return intervals


def _half(features: FeatureSet, random: np.random.Generator) -> FeatureSet:
    count = len(features.features)
    rows = random.permutation(count)[: count // 2]
    half = FeatureSet(count)
    half.update(features.features[rows], None if features.logits is None else features.logits[rows])
    return half
