"""Deception rate: how many paintings a classifier of styles takes for the style that they should have."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from keras_stylegan.metrics.transfer import TransferDistances

_CROPS, _HELD_OUT = 12, 4
# The side of a crop relative to the shorter side of its painting.
_SHARE = 0.5


class StyleClassifier:
    """Names the style of a picture by the statistics of its features, learnt from crops of one painting a style.

    A picture is its channels' means and logarithms of deviations at four depths; each number is divided by its
    deviation within the styles, and the nearest style's mean decides (linear discriminant analysis with a diagonal
    covariance). Its `accuracy` on crops that it did not learn from is the upper end of the scale of deception rates.

    Args:
        distances: `TransferDistances`, whose network sees.
        paintings: dict from style name to a uint8 array `(height, width, 3)`, at least two styles.
        seed: of the crops.

    Raises:
        ValueError: if there are fewer than two styles.

    Source: deception rate: Sanakoyeu et al. 2018 (arXiv 1807.10201), section 4.1. Deviation: theirs is a VGG trained to
    name artists.
    """

    def __init__(self, distances: TransferDistances, paintings: Mapping[str, np.ndarray], seed: int = 0):
        if len(paintings) < 2:
            raise ValueError(f"`paintings` must hold at least two styles. Received: {len(paintings)}")
        self.distances = distances
        self.styles = tuple(paintings)
        random = np.random.default_rng(seed)
        vectors = np.stack(
            [[self._vector(_crop(painting, random)) for _ in range(_CROPS)] for painting in paintings.values()]
        )
        learnt, held_out = vectors[:, _HELD_OUT:], vectors[:, :_HELD_OUT]
        means = learnt.mean(axis=1)
        self._scale = 1 / np.sqrt(((learnt - means[:, None]) ** 2).mean(axis=(0, 1)) + 1e-6)
        self._means = means * self._scale
        named = [[self._nearest(vector) == style for vector in held_out[style]] for style in range(len(self.styles))]
        self.accuracy = float(np.mean(named))

    def classify(self, features: dict[str, np.ndarray]) -> str:
        """The style's name of a picture whose `TransferDistances.features` are given."""
        return self.styles[self._nearest(_statistics(features))]

    def _vector(self, picture):
        return _statistics(self.distances.features(picture))

    def _nearest(self, vector):
        return int(((vector * self._scale - self._means) ** 2).sum(axis=1).argmin())


def _statistics(features):
    parts = []
    for tap in sorted(features):
        rows = features[tap].reshape(-1, features[tap].shape[-1])
        parts += [rows.mean(axis=0), np.log(rows.std(axis=0) + 1e-3)]
    return np.concatenate(parts).astype("float64")


def _crop(painting, random):
    side = max(1, int(_SHARE * min(painting.shape[:2])))
    top, left = (random.integers(0, length - side + 1) for length in painting.shape[:2])
    return painting[top : top + side, left : left + side]
