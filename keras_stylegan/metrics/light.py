"""Where a painted picture is light and dark, against its photograph: probes for negatives, halos and curtains.

Pictures are uint8 or float arrays `(height, width, 3)` in 0..255; a clean one reads near 1.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from keras_stylegan.metrics.artefacts import check_same_size, luma


def colour_inversion(painted: np.ndarray, photograph: np.ndarray, deviation: float = 8.0) -> float:
    """Correlation of the blurred colours with the photograph's, mean over R, G and B: below 0 it is a negative.

    Unpaired translation is known to invert colours and still to satisfy its cycle loss.

    Args:
        painted: array `(height, width, 3)`.
        photograph: array of the same shape.
        deviation: of the Gaussian blur, in pixels: what is compared is where the light areas are.

    Returns:
        Number in [-1, 1]; 0 of a channel where either picture is flat.

    Raises:
        ValueError: if the pictures differ in size.
    """
    check_same_size(painted, photograph)
    blurred = [
        ndimage.gaussian_filter(np.asarray(picture, "float64"), (deviation, deviation, 0))
        for picture in (painted, photograph)
    ]
    return float(np.mean([_correlation(*(picture[..., channel] for picture in blurred)) for channel in range(3)]))


def light_correlation(painted: np.ndarray, photograph: np.ndarray, cell: int = 16) -> float:
    """Correlation of the mean luma of cells with the photograph's: 1 is clean, below 0.9 there are halos or dark bands.

    A network that was trained on small crops lays halos around what it paints and curtains into skies; optimisation,
    which begins with the photograph, reaches 0.95. What `losses.light_loss` trains, on whole pictures.

    Args:
        painted: array `(height, width, 3)`, both sides at least `2 * cell`.
        photograph: array of the same shape.
        cell: side of a cell in pixels; what is left at the lower and right edge is not seen.

    Returns:
        Number in [-1, 1]; 0 where either picture is flat.

    Raises:
        ValueError: if the pictures are smaller or differ in size.
    """
    check_same_size(painted, photograph)
    if min(painted.shape[:2]) < 2 * cell:
        raise ValueError(f"`painted` must be at least {2 * cell}x{2 * cell}. Received: {painted.shape[:2]}")
    rows, columns = (side // cell for side in painted.shape[:2])
    cells = (
        luma(picture)[: rows * cell, : columns * cell].reshape(rows, cell, columns, cell).mean(axis=(1, 3))
        for picture in (painted, photograph)
    )
    return _correlation(*cells)


def _correlation(one, other):
    one, other = (values.ravel().astype("float64") - values.mean() for values in (one, other))
    lengths = np.linalg.norm(one) * np.linalg.norm(other)
    return float(one @ other / lengths) if lengths > 1e-6 else 0.0
