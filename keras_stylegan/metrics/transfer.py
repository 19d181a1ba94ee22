"""What stylisation is judged by through a perceptual network: content, style, and one picture's own distribution."""

from __future__ import annotations

import numpy as np
from keras import ops

from keras_stylegan.losses import content_loss, style_loss, style_statistics
from keras_stylegan.metrics.frechet import frechet_distance
from keras_stylegan.networks.perceptual import STYLE_TAPS

CONTENT_TAP, TEXTURE_TAP = "relu3_1", "relu1_1"


class TransferDistances:
    """Distances of painted pictures through one named network; every score names it, such as `style-compact`.

    Args:
        network: `PerceptualNetwork` with the taps `relu1_1` to `relu4_1`.
        name: what the scores are named after.
    """

    def __init__(self, network, name: str):
        self.network = network
        self.name = name

    def features(self, picture: np.ndarray) -> dict[str, np.ndarray]:
        """Features by tap, each `(1, height, width, channels)`, of a uint8 array `(height, width, 3)`."""
        taps = self.network(np.asarray(picture, "float32")[None] / 127.5 - 1)
        return {tap: ops.convert_to_numpy(taps[tap]) for tap in STYLE_TAPS}

    def content(self, features: dict[str, np.ndarray], photograph: dict[str, np.ndarray]) -> float:
        """Squared distance from the photograph's features at `relu3_1` over their own square: 0 for itself."""
        return float(content_loss(features[CONTENT_TAP], photograph[CONTENT_TAP], "relative")[0])

    def style(self, features: dict[str, np.ndarray], painting: dict[str, np.ndarray]) -> float:
        """Mean relative distance of the Gram matrices at four depths (`style_loss`), from 0 (the painting's) to 1."""
        statistics = [style_statistics(taps, "gram", STYLE_TAPS) for taps in (features, painting)]
        return float(style_loss(*statistics, "gram", "relative")[0])

    def single_image_frechet(self, features: dict[str, np.ndarray], painting: dict[str, np.ndarray]) -> float:
        """`single_image_frechet` at `relu1_1`: the fine texture and its colours."""
        return single_image_frechet(features[TEXTURE_TAP][0], painting[TEXTURE_TAP][0])


def single_image_frechet(features: np.ndarray, others: np.ndarray) -> float:
    """Fréchet distance between the feature vectors of one picture and those of another, one vector a position.

    Args:
        features, others: arrays `(height, width, channels)` of any sizes, with at least two positions each.

    Returns:
        The distance, at least 0.

    Raises:
        ValueError: if a picture has one position, or the channels differ.

    Source: Shaham et al. 2019, "SinGAN" (arXiv 1905.01164), section 3.2. Deviation: the network is the caller's, so
    values compare with those of the same network alone.
    """
    moments = []
    for array in (features, others):
        rows = np.asarray(array, "float64").reshape(-1, array.shape[-1])
        if len(rows) < 2 or rows.shape[1] != np.shape(features)[-1]:
            raise ValueError(
                "`features` and `others` must have at least 2 positions and the same channels. "
                f"Received: {np.shape(features)} and {np.shape(others)}"
            )
        moments += [rows.mean(axis=0), np.atleast_2d(np.cov(rows, rowvar=False))]
    return frechet_distance(*moments)
