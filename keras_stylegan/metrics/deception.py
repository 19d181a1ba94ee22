"""Deception rate: how many paintings a classifier of styles takes for the style that they should have."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from keras_stylegan.metrics.transfer import TransferDistances

# Of a painting, half of them of either half of it.
_CROPS = 12
# The side of a crop relative to the shorter side of its painting.
_SHARE = 0.5


class StyleClassifier:
    """Names the style of a picture by the statistics of its features, learnt from crops of one painting a style.

    A picture is its channels' means and logarithms of deviations at four depths; each number is divided by its
    deviation within the styles, and the nearest style's mean decides (linear discriminant analysis with a diagonal
    covariance). Its `accuracy` is the upper end of the scale of deception rates: how many crops of one half of the
    paintings are named rightly by what the other halves alone teach, so that no pixel is learnt from and asked about.

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
            [
                [_statistics(distances.features(_crop(painting, number % 2, random))) for number in range(_CROPS)]
                for painting in paintings.values()
            ]
        )
        halves = vectors[:, ::2], vectors[:, 1::2]
        named = []
        for learnt, asked in (halves, halves[::-1]):
            classes = _Classes(learnt)
            named += [classes.nearest(vector) == style for style, row in enumerate(asked) for vector in row]
        self.accuracy = float(np.mean(named))
        self._classes = _Classes(vectors)

    def classify(self, features: dict[str, np.ndarray]) -> str:
        """The style's name of a picture whose `TransferDistances.features` are given."""
        return self.styles[self._classes.nearest(_statistics(features))]


class _Classes:
    """Means of classes, in units of the deviation within them, of vectors `(classes, examples, numbers)`."""

    def __init__(self, vectors):
        means = vectors.mean(axis=1)
        self.scale = 1 / np.sqrt(((vectors - means[:, None]) ** 2).mean(axis=(0, 1)) + 1e-6)
        self.means = means * self.scale

    def nearest(self, vector):
        return int(((vector * self.scale - self.means) ** 2).sum(axis=1).argmin())


def _statistics(features):
    parts = []
    for tap in sorted(features):
        rows = features[tap].reshape(-1, features[tap].shape[-1])
        parts += [rows.mean(axis=0), np.log(rows.std(axis=0) + 1e-3)]
    return np.concatenate(parts).astype("float64")


def _crop(painting, half, random):
    """A crop of the first (0) or the second (1) half along the longer side."""
    lengths = list(painting.shape[:2])
    side, longer = max(1, int(_SHARE * min(lengths))), int(np.argmax(lengths))
    lengths[longer] //= 2
    corner = [random.integers(0, length - side + 1) for length in lengths]
    corner[longer] += half * (painting.shape[longer] - lengths[longer])
    top, left = corner
    return painting[top : top + side, left : left + side]
