"""Regions of a picture and the styles that they are painted in: masks of any kind, read and checked."""

from __future__ import annotations

import dataclasses
import os
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from keras_stylegan.inference.images import Picture, read_picture

# The word that stands for the photograph's own alpha channel.
ALPHA = "alpha"
# The brightest pixel of a mask: below the one it is black by mistake (255 is white, not 1), below the other faint.
_BLACK, _FAINT = 32, 128
# Sums above 1 by less than this are rounding of soft edges, not an overlap.
_TOLERANCE = 4 / 255


@dataclasses.dataclass(frozen=True)
class Outside:
    """A mask that is the outside of another, which is given as in `read_masks`."""

    mask: Any

    def __str__(self):
        return f"outside of {self.mask}"


def read_masks(masks: Sequence, picture: Picture) -> list[Image.Image]:
    """Reads the masks of a picture's regions.

    Args:
        masks: each a path, the bytes of a file, a PIL image, an array `(height, width)` of bool, uint8 or float in
            [0, 1], `"alpha"`, the photograph's own, or the `Outside` of one of these. White (1) is inside. Of a mask
            that is transparent somewhere its alpha counts, not its colours.
        picture: the photograph.

    Returns:
        Masks of mode L and the size of the photograph, whose sums are at most 255. Where masks overlapped each has its
        share; that, and a mask of another size, is said by a `UserWarning`.

    Raises:
        ValueError: if a mask cannot be read, marks nothing (also not when it is resized), or the photograph has no
            alpha to serve as one.
        OSError: if a file cannot be opened.
    """
    size, resized, sizes = picture.photo.size, [], set()
    for number, source in enumerate(masks, 1):
        mask = read_mask(source, picture)
        _check_marks(mask, _name(source, number))
        if mask.size != size:
            sizes.add(f"{mask.width}x{mask.height}")
            # Pillow's bilinear filter takes the mean where it makes smaller.
            mask = mask.resize(size, Image.Resampling.BILINEAR)
            _check_marks(mask, f"{_name(source, number)} at {size[0]}x{size[1]}")
        if (brightest := mask.getextrema()[1]) < _FAINT:
            name = _name(source, number)
            warnings.warn(
                f"{name}: the brightest pixel is {brightest} of 255; the style will be as faint", stacklevel=2
            )
        resized.append(mask)
    if sizes:
        received = ", ".join(sorted(sizes))
        warnings.warn(f"masks are resized to the photograph's {size[0]}x{size[1]}. Received: {received}", stacklevel=2)
    return _without_overlap(resized)


def check_mask(source: str | os.PathLike | Outside) -> None:
    """Raises as `read_masks` where the file of a mask cannot be one, whatever the photograph."""
    with warnings.catch_warnings(action="ignore"):  # said again with each photograph
        _check_marks(read_mask(source, Picture(Image.new("RGB", (1, 1)))), _name(source, 1))


def _check_marks(mask, name):
    brightest = mask.getextrema()[1]
    if brightest < _BLACK:
        raise ValueError(
            f"`regions` must have masks that mark at least one pixel: 255 is white, inside. Received: {name}, whose "
            f"brightest pixel is {brightest}"
        )


def read_mask(source, picture: Picture) -> Image.Image:
    """A mask of any kind that `read_masks` takes, of a picture, as an image of mode L and of its own size.

    Raises:
        ValueError: if it cannot be read, or is to be the alpha of a picture without.
        OSError: if a file cannot be opened.
    """
    if isinstance(source, Outside):
        return read_mask(source.mask, picture).point([255 - value for value in range(256)])
    if isinstance(source, str) and source == ALPHA:
        if picture.alpha is None:
            raise ValueError("the mask `alpha` needs a photograph with transparency. Received: one without")
        return picture.alpha
    if isinstance(source, np.ndarray) and source.dtype != np.uint8:
        source = _as_uint8(source)
    mask = read_picture(source)
    opaque = mask.alpha is None or mask.alpha.getextrema()[0] == 255
    return mask.photo.convert("L") if opaque else mask.alpha


def _name(source, number) -> str:
    """A mask's name where it has one, otherwise its number."""
    if isinstance(source, Outside):
        return f"the outside of {_name(source.mask, number)}"
    return os.fspath(source) if isinstance(source, str | os.PathLike) else f"mask {number}"


def _as_uint8(mask: np.ndarray) -> np.ndarray:
    values = np.asarray(mask, np.float32)
    if values.ndim != 2 or not np.isfinite(values).all() or values.min(initial=0) < 0 or values.max(initial=0) > 1:
        raise ValueError(
            "a mask as an array must have the shape (height, width) and be bool, uint8, or float in [0, 1]. "
            f"Received: {mask.dtype} of shape {mask.shape}"
        )
    return np.rint(values * 255).astype(np.uint8)


def _without_overlap(masks: list[Image.Image]) -> list[Image.Image]:
    if len(masks) < 2:
        return masks
    together = np.zeros((masks[0].height, masks[0].width), np.float32)
    for mask in masks:
        together += np.asarray(mask)
    share = (together > 255 * (1 + _TOLERANCE)).mean()
    if share > 0:
        warnings.warn(
            f"the masks overlap on {max(share, 0.001):.1%} of the picture, where their styles are mixed", stacklevel=3
        )
    together = np.maximum(together / 255, 1)
    return [Image.fromarray(np.rint(np.asarray(mask) / together).astype(np.uint8)) for mask in masks]
