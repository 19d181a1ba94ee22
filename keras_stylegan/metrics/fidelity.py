"""How near a picture is to the one it should be: PSNR and SSIM, as scikit-image computes them.

For generated pictures, which should be like photographs but like none in particular, see `score_features`.
"""

from __future__ import annotations

import numpy as np

# BT.601 as MATLAB's rgb2ycbcr and super-resolution papers use it: 16 to 235.
_LUMA = np.array([65.481, 128.553, 24.966]) / 255
_WINDOW = 7  # pixels; uniform, as in scikit-image by default


def luma(picture: np.ndarray) -> np.ndarray:
    """The Y of YCbCr, BT.601.

    Args:
        picture: uint8 array of shape `(..., 3)`, RGB.

    Returns:
        Float64 array of shape `(...)`, 16 to 235.
    """
    return picture.astype("float64") @ _LUMA + 16


def psnr(picture: np.ndarray, truth: np.ndarray) -> float:
    """Peak signal-to-noise ratio in decibels, with a peak of 255.

    Args:
        picture, truth: arrays of one shape, in grey levels.

    Returns:
        Float; infinite for equal pictures.

    Raises:
        ValueError: if the shapes differ.
    """
    _check_shapes(picture, truth)
    error = np.mean(np.square(picture.astype("float64") - truth))
    return float(10 * np.log10(255**2 / error)) if error else float("inf")


def ssim(picture: np.ndarray, truth: np.ndarray) -> float:
    """Structural similarity: the mean over positions and channels.

    Args:
        picture, truth: arrays of one shape `(height, width)` or `(height, width, channels)`, in grey levels, both
            sides at least 7.

    Returns:
        Float, at most 1.

    Raises:
        ValueError: if the shapes differ, or a side is shorter than the window.

    Source: Wang et al. 2004, "Image Quality Assessment: From Error Visibility to Structural Similarity", equation 13,
    with K1 = 0.01 and K2 = 0.03; window and covariances (of a sample) as `skimage.metrics.structural_similarity`.
    """
    from scipy.ndimage import uniform_filter

    _check_shapes(picture, truth)
    if min(picture.shape[:2]) < _WINDOW:
        raise ValueError(f"`picture` must have sides of at least {_WINDOW} pixels. Received: shape {picture.shape}")
    x, y = (np.atleast_3d(p).astype("float64") for p in (picture, truth))

    def mean(values):
        return uniform_filter(values, (_WINDOW, _WINDOW, 1))

    mean_x, mean_y = mean(x), mean(y)
    of_sample = _WINDOW**2 / (_WINDOW**2 - 1)
    variance_x, variance_y, covariance = (
        of_sample * (mean(a * b) - mean_a * mean_b)
        for a, b, mean_a, mean_b in ((x, x, mean_x, mean_x), (y, y, mean_y, mean_y), (x, y, mean_x, mean_y))
    )
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    similarity = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    similarity /= (mean_x**2 + mean_y**2 + c1) * (variance_x + variance_y + c2)
    border = _WINDOW // 2  # where the window would leave the picture
    return float(similarity[border:-border, border:-border].mean())


def _check_shapes(picture, truth):
    if picture.shape != truth.shape:
        raise ValueError(f"`picture` and `truth` must have one shape. Received: {picture.shape} and {truth.shape}")
