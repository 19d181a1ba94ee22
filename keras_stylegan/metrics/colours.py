"""How far the colours of two pictures are apart, wherever in the picture they stand."""

from __future__ import annotations

import numpy as np
from PIL import Image

_BINS, _RANGE, _FALLOFF = 64, 3.0, 0.02
# Sides of larger pictures are reduced to this, as in the paper: colours do not need every pixel.
_SIDE = 150


def rgb_uv_histogram(picture: np.ndarray) -> np.ndarray:
    """Histogram of log-chroma, one plane for each of R, G and B as the reference channel; it sums to 1.

    For the reference channel R a pixel lies at `(log R/G, log R/B)` and counts with its length `|(R, G, B)|`; bins are
    soft, with an inverse-quadratic kernel. Scaling all channels alike moves nothing.

    Args:
        picture: uint8 array `(height, width, 3)`.

    Returns:
        float64 array `(3, 64, 64)`.

    Source: Afifi et al. 2021, "HistoGAN" (arXiv 2011.11731), equations 1 to 4.
    """
    image = Image.fromarray(np.asarray(picture, "uint8"))
    image = image.resize([min(side, _SIDE) for side in image.size], Image.Resampling.BOX)
    pixels = np.asarray(image, "float64").reshape(-1, 3) / 255
    logs, weight = np.log(pixels + 1e-6), np.sqrt((pixels**2).sum(axis=1))
    centres = np.linspace(-_RANGE, _RANGE, _BINS)

    def kernel(values):
        return 1 / (1 + ((values[:, None] - centres) / _FALLOFF) ** 2)

    planes = []
    for channel in range(3):
        first, second = (logs[:, channel] - logs[:, other] for other in range(3) if other != channel)
        planes.append((kernel(first) * weight[:, None]).T @ kernel(second))
    histogram = np.stack(planes)
    # A black picture has no chroma: a histogram of zeros, as far from any colour as can be.
    return histogram / max(histogram.sum(), 1e-12)


def colour_distance(picture: np.ndarray, other: np.ndarray) -> float:
    """`hellinger_distance` of the `rgb_uv_histogram`s of two uint8 pictures `(height, width, 3)` of any sizes."""
    return hellinger_distance(rgb_uv_histogram(picture), rgb_uv_histogram(other))


def hellinger_distance(histogram: np.ndarray, other: np.ndarray) -> float:
    """Distance of two histograms that sum to 1: 0 for equal ones, 1 for none in common.

    Source: as the loss of HistoGAN, equation 5.
    """
    return float(np.sqrt(0.5 * ((np.sqrt(histogram) - np.sqrt(other)) ** 2).sum()))
