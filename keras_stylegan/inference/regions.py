"""Regions of a picture and the styles that they are painted in: masks of any kind, checked and softened."""

from __future__ import annotations

import dataclasses
import math
import os
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageFilter, ImageStat

from keras_stylegan.inference.images import Picture, read_picture

# The word that stands for the photograph's own alpha channel.
ALPHA = "alpha"
# Edges are softened by this share of the shorter side: so wide that colours of two styles run into each other no faster
# than the strokes' own (`benchmarks/region_borders.py`), and still narrow enough to follow a shape.
FEATHER = 0.08
# But never wider than this share of the side of a square of the smallest region's area, whose middle then keeps 0.8 of
# its style: a wider edge would fade it, a narrower one shows beside the photograph (same benchmark).
_LARGEST_FEATHER = 0.3
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


def soft(masks: Sequence[Image.Image], size: tuple[int, int], feather: float | None = None) -> np.ndarray:
    """The regions' shares of each pixel of what they cover, at the size at which the network paints.

    How much of the photograph stays is not theirs to say (`keep_rest`).

    Args:
        masks: of mode L, as `read_masks` returns them.
        size: (width, height).
        feather: float >= 0, standard deviation of the edges' softness as a share of the shorter side; None for
            `FEATHER`, and less where a region is small.

    Returns:
        float32 array of shape `(height, width, regions)` in [0, 1], sums 1 where anything is covered.
    """
    layers = [np.asarray(mask) for mask in soft_masks(masks, size, feather)]
    together = np.stack(layers, axis=-1).astype(np.float32) / 255
    return together / np.maximum(together.sum(axis=-1, keepdims=True), 1 / 255)


def soft_masks(masks: Sequence[Image.Image], size: tuple[int, int], feather: float | None = None) -> list[Image.Image]:
    """Masks at a size, softened; arguments as of `soft`."""
    blur = ImageFilter.GaussianBlur(_radius(masks, size, feather))
    return [mask.resize(size, Image.Resampling.BOX).filter(blur) for mask in masks]


class Composition:
    """One picture of several of its size, each within a soft mask: what `soft` does to styles, done to pixels.

    Pictures come one at a time, and strips of them are computed, so that large ones need little beside themselves.

    Args:
        picture: PIL image of mode RGB, which shows where no mask covers.
    """

    _ROWS = 256

    def __init__(self, picture: Image.Image):
        self._pixels = np.array(picture)
        self._cover = np.zeros(self._pixels.shape[:2], np.uint16)

    def add(self, picture: Image.Image, mask: Image.Image) -> None:
        """Lets a picture have its mask's share, beside the shares of those before.

        Args:
            picture: of mode RGB.
            mask: of mode L.
        """
        added, share = np.asarray(picture), np.asarray(mask)
        self._cover += share
        for top in range(0, len(added), self._ROWS):
            rows = slice(top, top + self._ROWS)
            part = share[rows] / np.maximum(self._cover[rows], 1, dtype=np.float32)
            below = self._pixels[rows].astype(np.float32)
            self._pixels[rows] = np.rint(below + part[..., None] * (added[rows] - below))

    def picture(self) -> Image.Image:
        """What has been put together."""
        return Image.fromarray(self._pixels)


def keep_rest(
    result: Image.Image, photo: Image.Image, masks: Sequence[Image.Image], feather: float | None = None
) -> Image.Image:
    """Puts the photograph's own pixels back where no mask covers it; RGB images and masks of one size."""
    cover = Image.new("L", photo.size)
    for mask in masks:
        cover = Image.fromarray(_add(np.asarray(cover), np.asarray(mask)))
    return Image.composite(result, photo, cover.filter(ImageFilter.GaussianBlur(_radius(masks, photo.size, feather))))


def check_mask(source: str | os.PathLike | Outside) -> None:
    """Raises as `read_masks` where the file of a mask cannot be one, whatever the photograph."""
    with warnings.catch_warnings(action="ignore"):  # said again with each photograph
        _check_marks(read_mask(source, Picture(Image.new("RGB", (1, 1)))), _name(source, 1))


def _radius(masks, size, feather):
    """The softness of all edges, in pixels at a size: of two regions that meet they must be alike."""
    if feather is not None:
        return feather * min(size)
    share = min(ImageStat.Stat(mask).mean[0] for mask in masks) / 255
    return min(FEATHER * min(size), _LARGEST_FEATHER * math.sqrt(share * size[0] * size[1]))


def _check_marks(mask, name):
    brightest = mask.getextrema()[1]
    if brightest < _BLACK:
        raise ValueError(
            f"`regions` must have masks that mark at least one pixel: 255 is white, inside. Received: {name}, whose "
            f"brightest pixel is {brightest}"
        )


def _add(one, other):
    return np.minimum(one.astype(np.uint16) + other, 255).astype(np.uint8)


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
