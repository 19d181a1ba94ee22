"""The classical ways to put a picture into another: no weights needed, and the baselines of the fusion network."""

from __future__ import annotations

import numpy as np

from keras_stylegan.inference.poisson import poisson_blend

# Width of a feathered edge, as a share of the shorter side.
_FEATHER = 0.015
_MAX_LEVELS = 7
# Burt and Adelson's kernel with a = 0.4.
_KERNEL = np.array([0.05, 0.25, 0.4, 0.25, 0.05], "float32")


def copy_paste(source: np.ndarray, target: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The source under the mask, the target elsewhere, soft edges mixed.

    Args, as for all blends here:
        source: uint8 array `(height, width, 3)`, lying where it is to be in the target; sensible colours also a little
            outside of the mask.
        target: uint8 array of the same shape.
        mask: float array `(height, width)` in [0, 1].

    Returns:
        uint8 array of that shape.
    """
    return composite(source, target, mask[..., None])


def feather(source: np.ndarray, target: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Copy and paste under a blurred mask; arguments as for `copy_paste`."""
    from scipy import ndimage

    deviation = max(1.0, _FEATHER * min(mask.shape))
    return composite(source, target, ndimage.gaussian_filter(np.asarray(mask, "float32"), deviation)[..., None])


def laplacian(source: np.ndarray, target: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Each band of frequencies mixed over a seam of its own width; arguments as for `copy_paste`.

    Source: Burt and Adelson 1983, "A Multiresolution Spline With Application to Image Mosaics", section 3.
    """
    mask = np.asarray(mask, "float32")[..., None]
    levels = max(1, min(_MAX_LEVELS, int(np.log2(min(mask.shape[:2]))) - 2))
    ours, theirs = (laplacian_pyramid(picture.astype("float32"), levels) for picture in (source, target))
    masks = [mask]
    for _ in range(levels):
        masks.append(_reduce(masks[-1]))
    mixed = [m * one + (1 - m) * other for m, one, other in zip(masks, ours, theirs, strict=True)]
    return np.clip(np.rint(collapse(mixed)), 0, 255).astype("uint8")


def poisson(source: np.ndarray, target: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The source's gradients continued from the target's colours (`poisson_blend`); arguments as for `copy_paste`."""
    return poisson_blend(source, target, np.asarray(mask) > 0.5)


def grown(region: np.ndarray) -> np.ndarray:
    """A bool array `(height, width)`, one pixel wider on all sides."""
    from scipy import ndimage

    return ndimage.binary_dilation(region, np.ones((3, 3), bool))


BLENDS = {"copy": copy_paste, "feather": feather, "laplacian": laplacian, "poisson": poisson}


def laplacian_pyramid(picture: np.ndarray, levels: int) -> list[np.ndarray]:
    """Bands of a float array `(height, width, channels)` from fine to coarse, the low-pass rest last."""
    bands = []
    for _ in range(levels):
        smaller = _reduce(picture)
        bands.append(picture - _expand(smaller, picture.shape[:2]))
        picture = smaller
    return [*bands, picture]


def collapse(bands: list[np.ndarray]) -> np.ndarray:
    """The picture that `laplacian_pyramid` was made of."""
    picture = bands[-1]
    for band in reversed(bands[:-1]):
        picture = band + _expand(picture, band.shape[:2])
    return picture


def _reduce(picture):
    """Every second row and column of the blurred picture, rounded up."""
    return _blur(picture, _KERNEL)[::2, ::2]


def _expand(picture, size):
    """Twice the size, or a row or column less where the finer size is odd."""
    larger = np.zeros((*size, picture.shape[-1]), "float32")
    larger[::2, ::2] = picture
    # At the border fewer zeros lie under the kernel: dividing by what it meets keeps a flat picture flat.
    weight = np.zeros((*size, 1), "float32")
    weight[::2, ::2] = 1
    return _blur(larger, _KERNEL) / _blur(weight, _KERNEL)


def _blur(picture, kernel):
    from scipy import ndimage

    for axis in (0, 1):
        picture = ndimage.convolve1d(picture, kernel, axis=axis, mode="mirror")
    return picture


def composite(source: np.ndarray, target: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """The source where masks `(height, width, regions)` cover the target, soft edges mixed; uint8 arrays."""
    covered = np.minimum(np.asarray(masks, "float32").sum(axis=-1, keepdims=True), 1)
    return np.clip(np.rint(source * covered + target * (1 - covered)), 0, 255).astype("uint8")
