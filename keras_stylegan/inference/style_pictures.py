"""Pictures as styles: what a picture must have to be one."""

from __future__ import annotations

import os

import numpy as np
from PIL import Image

from keras_stylegan.inference.images import read_picture

SMALLEST = 16  # pixels: below, the deepest features of the style loss have no size
# Standard deviation, in grey levels, below which a picture is one colour and noise.
_FLAT = 2.0


def read_style_picture(path: str | os.PathLike) -> Image.Image:
    """Reads a style picture.

    Returns:
        PIL image of mode RGB.

    Raises:
        ValueError: if it cannot be read, or shows no style.
        OSError: if the file cannot be opened.
    """
    picture = read_picture(path).photo
    check_style_picture(picture, os.fspath(path))
    return picture


def check_style_picture(picture: Image.Image, name: str = "picture") -> None:
    """ValueError, about what is called `name`, unless an RGB picture is large and varied enough to show a style."""
    if min(picture.size) < SMALLEST:
        raise ValueError(f"{name}: a style picture must have at least {SMALLEST} pixels on each side. "
                         f"Received: {picture.width}x{picture.height}")  # fmt: skip
    # Of a large picture the means of its parts, so that noise alone is no variety.
    small = picture.resize((64, 64), Image.Resampling.BOX) if min(picture.size) > 64 else picture
    if np.asarray(small, np.float32).std(axis=(0, 1)).max() < _FLAT:
        raise ValueError(f"{name}: a style picture must not be of one colour only")
