"""Sizes of pictures that are not decoded, and how pictures of a size fit into another."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
from PIL import ExifTags, Image

from keras_stylegan.data.sources import Content, Source

_ORIENTATION = ExifTags.Base.Orientation
_LYING = (5, 6, 7, 8)  # orientations in which rows are columns


def picture_sizes(content: Content) -> list[tuple[int, int]]:
    """Heights and widths of the pictures of a content, upright.

    Raises:
        Exception: of nearly any type, where it is no picture.
    """
    return [_size(picture) for picture in (content if isinstance(content, tuple) else (content,))]


def _size(content):
    if isinstance(content, np.ndarray):
        return content.shape[:2]
    with Image.open(io.BytesIO(content)) as image:
        width, height = image.size
        # Of a PNG file without EXIF, asking for it would read the pixels.
        known = "exif" in image.info or image.format == "TIFF"
        lying = known and image.getexif().get(_ORIENTATION) in _LYING
        return (width, height) if lying else (height, width)


def sample_sizes(source: Source, at_most: int) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """Indices and `picture_sizes` of so many pictures, evenly spaced; what cannot be read is left to `ImageSource`."""
    for index in dict.fromkeys(np.linspace(0, len(source) - 1, min(len(source), at_most)).astype(int).tolist()):
        try:
            yield index, picture_sizes(source.read(index)[0])
        except MemoryError:
            raise
        except Exception:  # noqa: S112 - files vanish and are damaged: counted and named where they are decoded
            continue


def is_enlarged(picture: tuple[int, int], size: tuple[int, int]) -> bool:
    """Whether the largest window of a size's shape in a picture, `(height, width)` both, has fewer pixels."""
    return picture[0] < size[0] or picture[1] < size[1]


def share_seen(picture: tuple[int, int], size: tuple[int, int]) -> float:
    """The share of a picture's area that the largest window of a size's shape has, `(height, width)` both."""
    across, down = picture[1] * size[0], picture[0] * size[1]
    return min(across, down) / max(across, down)
