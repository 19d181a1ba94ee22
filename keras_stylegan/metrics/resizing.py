"""Pictures to the size that a feature network takes, by a named filter: scores of different filters do not compare."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

_PILLOW = {
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
# `tensorflow1` is what the published FIDs were made with.
RESIZE_FILTERS = (*_PILLOW, "tensorflow1")


def aspect_of(picture: np.ndarray) -> tuple[int, int]:
    """Width and height of a picture `(height, width, channels)` in lowest terms."""
    height, width = picture.shape[:2]
    return width // math.gcd(width, height), height // math.gcd(width, height)


def crop_to_aspect(picture: np.ndarray, aspect: tuple[int, int]) -> np.ndarray:
    """The largest middle part of a picture `(height, width, channels)` with an aspect, as of `aspect_of`."""
    height, width = picture.shape[:2]
    columns = min(width, max(1, round(height * aspect[0] / aspect[1])))
    rows = min(height, max(1, round(width * aspect[1] / aspect[0])))
    top, left = (height - rows) // 2, (width - columns) // 2
    return picture[top : top + rows, left : left + columns]


def resize(picture: np.ndarray, size: int, method: str) -> np.ndarray:
    """Resizes a picture to a square.

    Args:
        picture: uint8 array `(height, width, 3)`.
        size: side of the result in pixels.
        method: `"box"`, `"bilinear"`, `"bicubic"` or `"lanczos"`: Pillow's filters, which average over all pixels when
            they reduce, on float channels without rounding in between; or `"tensorflow1"`: TensorFlow 1's bilinear
            resize, which takes the four nearest pixels and counts coordinates from the corner.

    Returns:
        Float32 array `(size, size, 3)` in 0..255.

    Raises:
        ValueError: for an unknown method, or a picture of another shape or dtype.

    Source: Parmar et al. 2022, "On Aliased Resizing and Surprising Subtleties in GAN Evaluation" (arXiv 2104.11222).
    """
    if method not in RESIZE_FILTERS:
        raise ValueError(f"`resize` must be one of {', '.join(RESIZE_FILTERS)}. Received: {method!r}")
    picture = np.asarray(picture)
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
        raise ValueError(
            f"`picture` must be uint8 of shape (height, width, 3). Received: {picture.dtype} of shape {picture.shape}"
        )
    if picture.shape[:2] == (size, size):
        return picture.astype("float32")
    if method == "tensorflow1":
        return _tensorflow1(picture.astype("float32"), size)
    channels = [
        np.asarray(Image.fromarray(picture[..., c].astype("float32")).resize((size, size), _PILLOW[method]))
        for c in range(3)
    ]
    return np.clip(np.stack(channels, axis=-1), 0.0, 255.0)


def _tensorflow1(picture, size):
    for axis in (0, 1):
        side = picture.shape[axis]
        place = np.arange(size, dtype="float32") * np.float32(side / size)
        below = np.minimum(place.astype("int64"), side - 1)
        share = (place - below).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
        low, high = picture.take(below, axis), picture.take(np.minimum(below + 1, side - 1), axis)
        picture = low + (high - low) * share
    return picture
