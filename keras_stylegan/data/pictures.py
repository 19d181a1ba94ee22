"""Files to pixels and back: the one place where pictures become uint8 RGB arrays and floats in [-1, 1]."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps

SUFFIXES = frozenset(
    (".bmp", ".gif", ".jfif", ".jpeg", ".jpg", ".png", ".pgm", ".ppm", ".tif", ".tiff", ".webp")
)  # fmt: skip


def to_rgb(image: Image.Image) -> Image.Image:
    """An RGB picture, upright by its EXIF orientation, transparency over white, 16 bits scaled to 8."""
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith(("I;16", "I")):
        # Pillow's own conversion clips at 255 instead of scaling.
        return Image.fromarray((np.asarray(image).clip(0, 65535) // 257).astype("uint8")).convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")


def shrink(image: Image.Image, short_side: int | None) -> Image.Image:
    """The picture with its shorter side reduced to `short_side` pixels; smaller pictures stay as they are."""
    if short_side is None or min(image.size) <= short_side:
        return image
    factor = short_side / min(image.size)
    size = tuple(max(short_side, round(side * factor)) for side in image.size)
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def read_picture(file: str | Path | BinaryIO, short_side: int | None = None) -> np.ndarray:
    """Decodes one picture file (the first frame of an animation).

    Args:
        file: path or binary file; the content decides the format, not the name.
        short_side: reduce the shorter side to this many pixels; None keeps the size.

    Returns:
        uint8 array of shape `(height, width, 3)`, RGB.
    """
    with Image.open(file) as image:
        if short_side is not None:
            # JPEG alone: decodes at 1/2, 1/4 or 1/8 while that is still at least twice the size asked for.
            image.draft("RGB", (2 * short_side, 2 * short_side))
        return np.asarray(shrink(to_rgb(image), short_side))


def to_float(pictures: np.ndarray) -> np.ndarray:
    """uint8 pictures to float32 in [-1, 1]."""
    return pictures.astype("float32") * np.float32(1 / 127.5) - np.float32(1)


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
