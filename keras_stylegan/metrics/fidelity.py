"""PSNR and SSIM: of whole pictures, of their luma, of regions and of the bands along their edges.

All take pictures as uint8 or float arrays `(height, width, 3)` in 0..255. PSNR and SSIM equal scikit-image's (with
`data_range=255`, and for SSIM the Gaussian window of the paper and biased moments).
"""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage

from keras_stylegan.metrics.artefacts import luma

# BT.601 as MATLAB's rgb2ycbcr and papers on super-resolution use it.
_YCBCR_LUMA = np.array([65.481, 128.553, 24.966]) / 255
# The paper's window: 11 pixels, standard deviation 1.5.
_RADIUS, _DEVIATION = 5, 1.5
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def psnr(picture: np.ndarray, truth: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Peak signal-to-noise ratio in decibels, `10 log10(255^2 / MSE)`; infinite for equal pictures.

    Args:
        picture, truth: arrays of one shape.
        mask: bool array `(height, width)`; the error is the mean over its pixels alone. All where None.

    Raises:
        ValueError: if the shapes differ, or the mask is of another size or selects nothing.
    """
    picture, truth = _pair(picture, truth)
    squares = (picture - truth) ** 2
    if mask is not None:
        mask = np.asarray(mask, bool)
        if mask.shape != picture.shape[:2] or not mask.any():
            raise ValueError(
                f"`mask` must select pixels of pictures of shape {picture.shape[:2]}. "
                f"Received: shape {mask.shape} with {int(mask.sum())} pixels"
            )
        squares = squares[mask]
    error = squares.mean()
    return math.inf if error == 0 else float(10 * np.log10(255.0**2 / error))


def boundary_band(mask: np.ndarray, width: int = 4) -> np.ndarray:
    """The pixels within `width` pixels of the edge of a region, on both of its sides: where a seam would show.

    Args:
        mask: bool array `(height, width)`.
        width: int, at least 1; distances are Euclidean, a pixel next to the other side has the distance 1.

    Returns:
        Bool array of the same shape; empty where the region is empty or everything.

    Raises:
        ValueError: if `width` is less than 1.
    """
    if width < 1:
        raise ValueError(f"`width` must be at least 1. Received: width={width}")
    mask = np.asarray(mask, bool)
    if mask.all() or not mask.any():
        return np.zeros_like(mask)
    inside, outside = ndimage.distance_transform_edt(mask), ndimage.distance_transform_edt(~mask)
    return np.maximum(inside, outside) <= width


def ssim(picture: np.ndarray, truth: np.ndarray) -> float:
    """Structural similarity, mean over channels and over all windows that lie inside the picture: 1 for equal ones.

    Args:
        picture, truth: arrays of one shape, `(height, width)` or `(height, width, 3)`, both sides at least 11 pixels.

    Raises:
        ValueError: if the shapes differ or a side is shorter.

    Source: Wang et al. 2004, "Image Quality Assessment: From Error Visibility to Structural Similarity", equation 13.
    """
    picture, truth = _pair(picture, truth)
    if min(picture.shape[:2]) <= 2 * _RADIUS:
        raise ValueError(f"`picture` must be at least 11x11. Received: {picture.shape[1]}x{picture.shape[0]}")

    def window_mean(values):
        return ndimage.gaussian_filter(values, _DEVIATION, radius=_RADIUS, axes=(0, 1))

    mean, true_mean = window_mean(picture), window_mean(truth)
    variance = window_mean(picture**2) - mean**2
    true_variance = window_mean(truth**2) - true_mean**2
    covariance = window_mean(picture * truth) - mean * true_mean
    similarity = (2 * mean * true_mean + _C1) * (2 * covariance + _C2)
    similarity /= (mean**2 + true_mean**2 + _C1) * (variance + true_variance + _C2)
    return float(similarity[_RADIUS:-_RADIUS, _RADIUS:-_RADIUS].mean())


def luma_ssim(picture: np.ndarray, truth: np.ndarray) -> float:
    """`ssim` of the lumas (ITU-R 601): whether light and dark are where they were, whatever the colours."""
    _pair(picture, truth)
    return ssim(luma(picture), luma(truth))


def ycbcr_luma(picture: np.ndarray) -> np.ndarray:
    """The Y of YCbCr (BT.601), on which papers on super-resolution give their figures.

    Args:
        picture: array of shape `(..., 3)`, RGB in 0..255.

    Returns:
        Float64 array of shape `(...)`, 16 to 235.
    """
    return np.asarray(picture).astype("float64") @ _YCBCR_LUMA + 16


def _pair(picture, truth):
    picture, truth = np.asarray(picture), np.asarray(truth)
    if picture.shape != truth.shape:
        raise ValueError(f"`picture` and `truth` must have one shape. Received: {picture.shape} and {truth.shape}")
    return picture.astype("float64"), truth.astype("float64")
