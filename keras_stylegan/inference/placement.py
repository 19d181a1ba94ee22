"""Where a picture lies in another, and which of its pixels count."""

from __future__ import annotations

import dataclasses
import math
import numbers
from typing import Any

import numpy as np
from PIL import Image

from keras_stylegan.formats import MAX_PIXELS
from keras_stylegan.inference.images import read_picture
from keras_stylegan.inference.regions import ALPHA, read_mask


@dataclasses.dataclass(frozen=True)
class Piece:
    """What is put into a picture.

    Attributes:
        source: what `read_picture` reads.
        mask: a mask of the source's size, as `regions.read_mask` takes it: white where the source counts, black where
            the target stays. `"alpha"` is the source's transparency, and so is None where it has one.
        at: (x, y) of the source's upper left corner in the target, in pixels; may lie outside. None is the middle.
        scale: size of the source in the target relative to its own.
    """

    source: Any
    mask: Any = None
    at: tuple[float, float] | None = None
    scale: float = 1.0


def place(piece: Piece, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Lays a piece on a canvas of the target's size.

    Beyond the source's border, and under its transparency, colours are continued from the nearest pixel that shows, so
    that blends with soft edges and gradients find sensible ones there.

    Args:
        piece: `Piece`.
        size: (width, height) of the target.

    Returns:
        uint8 array `(height, width, 3)` and float32 array `(height, width)` in [0, 1].

    Raises:
        ValueError: if the piece has no mask, an argument breaks its rule, or nothing of it lies in the target.
        OSError: if a file cannot be read.
    """
    picture = read_picture(piece.source)
    if piece.mask is None and picture.alpha is None:
        raise ValueError("`mask` must be given for a source without transparency. Received nothing")
    mask = read_mask(ALPHA if piece.mask is None else piece.mask, picture)
    if mask.size != picture.photo.size:
        raise ValueError(
            f"`mask` must have the source's size, {_size(picture.photo.size)}. Received: {_size(mask.size)}"
        )
    scale = piece.scale
    if not isinstance(scale, numbers.Real) or not 0 < scale < math.inf:
        raise ValueError(f"`scale` must be a finite number greater than 0. Received: scale={scale}")
    if min(scale, 1e9) ** 2 * math.prod(picture.photo.size) > MAX_PIXELS:  # the square of more may not be finite
        raise ValueError(f"`scale` must make the source at most {MAX_PIXELS} pixels. Received: scale={scale}")
    scaled = tuple(max(1, round(side * scale)) for side in picture.photo.size)
    photo, shown = picture.photo, Image.new("L", picture.photo.size, 255)
    if picture.alpha is not None:
        shown = picture.alpha
        if scaled != photo.size:  # or what is hidden, often black, would be mixed into the edge of what shows
            photo = Image.fromarray(_continued(photo, shown))
    photo, mask, shown = (
        part.resize(scaled, Image.Resampling.LANCZOS, reducing_gap=3.0) for part in (photo, mask, shown)
    )
    left, top = _corner(piece.at, size, scaled)
    canvas, region, seen = (Image.new(mode, size) for mode in ("RGB", "L", "L"))
    if left >= size[0] or top >= size[1] or left <= -scaled[0] or top <= -scaled[1]:
        raise ValueError(f"`at` must place the source inside of the target of {_size(size)}. Received: at={piece.at}")
    canvas.paste(photo, (left, top))
    region.paste(mask, (left, top))
    seen.paste(shown, (left, top))
    weights = np.asarray(region, "float32") / 255
    if not (weights > 0.5).any():
        raise ValueError(
            "`mask` must show a part of the source, by more than half, inside of the target. Received: none of it"
        )
    return _continued(canvas, seen), weights


def _corner(at, size, scaled):
    if at is None:
        return tuple((whole - own) // 2 for whole, own in zip(size, scaled, strict=True))
    try:
        left, top = at
        return round(left), round(top)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"`at` must be two finite numbers (x, y). Received: at={at}") from None


def _continued(photo, shown):
    """A picture's colours where at least half of it shows, and beyond them the nearest: a uint8 array."""
    # Where more than half shows, the colours of the file are the object's own.
    return nearest(np.asarray(photo), np.asarray(shown) < 128)


def nearest(values, hidden):
    """Values `(height, width, ...)`, those at hidden pixels replaced by those of the nearest pixel that is not."""
    from scipy import ndimage

    if not hidden.any() or hidden.all():
        return values
    return values[tuple(ndimage.distance_transform_edt(hidden, return_distances=False, return_indices=True))]


def _size(size):
    return f"{size[0]}x{size[1]}"
