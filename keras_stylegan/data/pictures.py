"""Files to pixels and back: the one place where pictures become uint8 RGB arrays and floats in [-1, 1]."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps

from keras_stylegan.formats import damaged, open_picture

Window = tuple[int, int, int, int]  # top, left, bottom, right of a part of a picture, in pixels

_SCALE = np.float32(1 / 127.5)
# Of a training picture: 16-bit files of this size take about half a gigabyte while they are decoded.
MAX_PIXELS = 89_478_485
# Modes that Pillow turns into RGB without loss of meaning. The others (floating point, L*a*b*) would be clipped.
_CONVERTIBLE = frozenset(("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV"))


class OtherPixelsError(ValueError):
    """Pixels of a kind that would have to be clipped to become RGB."""


def to_rgb(image: Image.Image) -> Image.Image:
    """An RGB picture, upright by its EXIF orientation, transparency over white, 16 bits scaled to 8.

    Raises:
        OtherPixelsError: for pixels that are floating point, L*a*b* or grey of more than 16 bits.
    """
    if image.mode == "I" and image.format == "TIFF":  # whose 16 bits Pillow calls "I;16", other than a PGM's
        raise OtherPixelsError("grey levels of 32 bits, or with a sign, cannot be read")
    image = _upright(image)
    if image.mode.startswith("I"):
        # Pillow's own conversion clips at 255 instead of scaling.
        values = np.asarray(image).astype("int64")
        if values.min() < 0 or values.max() > 65535:
            raise OtherPixelsError("grey levels of 32 bits cannot be read")
        return Image.fromarray(((values * 255 + 32767) // 65535).astype("uint8")).convert("RGB")
    if image.mode not in _CONVERTIBLE:
        raise OtherPixelsError(f"pixels of mode {image.mode} (floating point or L*a*b*) cannot be read")
    if image.has_transparency_data:
        image = (image.convert("LA") if image.mode == "La" else image).convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")


def _upright(image: Image.Image) -> Image.Image:
    image.load()  # so that what follows can only fail for the metadata
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # damaged EXIF says nothing about the orientation, and the pixels are whole
        return image


def shrink(image: Image.Image, short_side: int | None) -> Image.Image:
    """The picture with its shorter side reduced to `short_side` pixels; smaller pictures stay as they are."""
    if short_side is None or min(image.size) <= short_side:
        return image
    factor = short_side / min(image.size)
    size = tuple(max(short_side, round(side * factor)) for side in image.size)
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def read_picture(file: str | Path | bytes | BinaryIO, short_side: int | None = None) -> np.ndarray:
    """Decodes one picture file (the first frame of an animation).

    Args:
        file: path, bytes, or binary file; the content decides the format, not the name.
        short_side: reduce the shorter side to this many pixels; None keeps the size.

    Returns:
        uint8 array of shape `(height, width, 3)`, RGB: without `short_side` the pixels that Pillow decodes.

    Raises:
        ValueError: if it is no picture, is damaged or cut off, or has more than `MAX_PIXELS` pixels.
        OSError: if the file cannot be opened.
    """
    if isinstance(file, (str, Path)):
        with open(file, "rb") as stream:
            return _decode(stream, str(file), short_side)
    if isinstance(file, bytes):
        return _decode(io.BytesIO(file), "image data", short_side)
    return _decode(file, "image data", short_side)


def _decode(stream: BinaryIO, name: str, short_side: int | None) -> np.ndarray:
    image = open_picture(stream, name, MAX_PIXELS)
    if short_side is not None:
        # JPEG alone: decodes at 1/2, 1/4 or 1/8 while that is still at least twice the size asked for.
        image.draft("RGB", (2 * short_side, 2 * short_side))
    try:
        return np.asarray(shrink(to_rgb(image), short_side))
    except MemoryError:
        raise
    except OtherPixelsError as error:
        raise ValueError(f"{name}: {error}") from None
    except Exception as error:  # on damaged files decoders raise nearly any type
        raise damaged(name, error) from error


def reason(error: Exception) -> str:
    """Why a picture cannot be read, for a list that names the picture already."""
    return getattr(error, "strerror", None) or str(error).removeprefix("image data: ") or type(error).__name__


def cut_window(picture: np.ndarray, window: Window) -> np.ndarray:
    """A part of a picture, which shares its memory."""
    top, left, bottom, right = window
    return picture[top:bottom, left:right]


def array_to_rgb(array: np.ndarray) -> np.ndarray:
    """A uint8 array `(height, width)` or `(height, width, 1, 3 or 4)` as RGB `(height, width, 3)`, alpha over white."""
    if array.ndim == 3 and array.shape[2] == 3:
        return array
    return np.asarray(to_rgb(Image.fromarray(array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array)))


def to_grey(pictures: np.ndarray) -> np.ndarray:
    """uint8 RGB `(..., 3)` to luma `(..., 1)`, with Pillow's integer weights (ITU-R 601)."""
    red, green, blue = np.moveaxis(pictures.astype("uint32"), -1, 0)
    return ((19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16).astype("uint8")[..., None]


def with_alpha(pictures: np.ndarray) -> np.ndarray:
    """uint8 RGB `(..., 3)` to RGBA `(..., 4)`, opaque."""
    return np.concatenate([pictures, np.full_like(pictures[..., :1], 255)], axis=-1)


def to_float(pictures: np.ndarray) -> np.ndarray:
    """uint8 pictures to float32 in [-1, 1]."""
    return pictures.astype("float32") * _SCALE - np.float32(1)


def stack_floats(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """`to_float` of uint8 pictures of one shape, stacked: one by one they stay in the processor's cache."""
    floats = np.empty((len(pictures), *pictures[0].shape), "float32")
    for row, picture in zip(floats, pictures, strict=True):
        row[...] = picture
        row *= _SCALE
        row -= np.float32(1)
    return floats


def to_uint8(pictures: np.ndarray) -> np.ndarray:
    """Float pictures in [-1, 1] to uint8, rounded; values outside are clipped."""
    return np.clip(np.rint((np.asarray(pictures, "float32") + 1) * 127.5), 0, 255).astype("uint8")


def as_rgb(pictures: np.ndarray) -> np.ndarray:
    """uint8 pictures of 1 or 4 channels as RGB; transparency over white."""
    if pictures.shape[-1] == 1:
        return np.repeat(pictures, 3, axis=-1)
    if pictures.shape[-1] == 4:
        alpha = pictures[..., 3:].astype("float32") / 255
        return np.rint(pictures[..., :3] * alpha + 255 * (1 - alpha)).astype("uint8")
    return pictures
