"""One content of a source to pixels, and pixels to a file: what `pack` and `check-data` share."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from keras_stylegan.data.decoding import decode_with_pillow
from keras_stylegan.data.sources import Content


def decode(content: Content, short_side: int | None = None) -> np.ndarray:
    """The uint8 RGB pixels `(height, width, 3)` of a content, larger ones reduced to a shorter side.

    Raises:
        ValueError: if it is no picture, is damaged or too large.
    """
    (result,) = decode_with_pillow([content], short_side)
    if isinstance(result, Exception):
        raise result
    return result


def png(picture: np.ndarray) -> bytes:
    """A uint8 picture `(height, width, 3)` as a PNG file."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()
