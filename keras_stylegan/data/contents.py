"""Contents of sources, as `read` gives them, to pixels and to files."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from keras_stylegan.data.decoding import decode_with_pillow


def decode(content: bytes | np.ndarray, short_side: int | None = None) -> np.ndarray:
    """The uint8 RGB pixels `(height, width, 3)` of a content, larger ones reduced to a shorter side.

    Raises:
        ValueError: if it cannot be decoded.
    """
    (picture,) = decode_with_pillow([content], short_side=short_side)
    if isinstance(picture, Exception):
        raise picture
    return picture


def png(picture: np.ndarray) -> bytes:
    """A uint8 picture `(height, width, 3)` as a PNG file."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()
