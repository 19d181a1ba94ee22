"""The edges of regions: soft where the photograph is even, sharp where a mask follows an edge of it.

A wide edge hides the seam between two styles in a sky; around a tower it would be a halo. So a mask is mixed from
itself and from its blurred self, by how well the colours around its border tell inside from outside.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image, ImageFilter, ImageStat

# Edges are softened by this share of the shorter side: so wide that colours of two styles run into each other no faster
# than the strokes' own (`benchmarks/region_borders.py`).
FEATHER = 0.08
# But never wider than this share of the side of a square of the smallest region's area, whose middle then keeps 0.8 of
# its style: a wider edge would fade it, a narrower one shows beside the photograph (same benchmark).
_LARGEST_FEATHER = 0.3
# Of an edge that follows one of the photograph, in pixels: at most those of what is painted, and of the result.
_SHARP = 1.0
# The share of a mask's variance that a linear function of the colours explains, in a window around a pixel of the
# border: below the first the border follows no edge, above the second it does.
_CHANCE, _EDGE = 0.35, 0.7
# Standard deviation of such a window in pixels of the guide halved, and of what counts as one colour.
_WINDOW, _NOISE = 2.5, 15.0
# Deviations in pixels that a wide edge is computed with at least, on a mask made smaller; how many of them it reaches.
_FINE, _REACH = 16, 4
_ROWS = 1024


class SoftMasks:
    """Masks of regions with the edges that suit a photograph, at any size.

    Args:
        masks: PIL images of mode L and one size, as `regions.read_masks` returns them.
        guide: the photograph at the size at which it is painted, mode RGB.
        feather: float in [0, 1], standard deviation of the edges' softness as a share of the shorter side, everywhere;
            None for `FEATHER`, less for all edges where one region is small, and next to none where a mask follows an
            edge of the guide.
    """

    def __init__(self, masks: Sequence[Image.Image], guide: Image.Image, feather: float | None = None):
        self._masks, self._feather, self._size = list(masks), feather, guide.size
        self._smallest = min(ImageStat.Stat(mask).mean[0] for mask in self._masks) / 255
        self._follows = None if feather is not None else _follows(self._masks, guide, self._radius(guide.size))

    def at(self, size: tuple[int, int]) -> Iterator[Image.Image]:
        """The masks of mode L at a size (width, height), one by one."""
        return self._cut(size, (0, 0, *size))

    def within(self, box: tuple[int, int, int, int]) -> Iterator[Image.Image]:
        """The parts of the masks, at their own size, in a box (left, top, right, bottom), one by one.

        Large masks are many megabytes, so of the others only what the part depends on is computed.
        """
        return self._cut(self._masks[0].size, box)

    def _cut(self, size, box):
        soft, follows = self._radius(size), None
        sharp = min(_SHARP, _SHARP * min(size) / min(self._size), soft)
        if self._follows is not None:
            known = self._follows.size
            part = tuple(min(of, edge * of / side) for edge, of, side in zip(box, known * 2, size * 2, strict=True))
            follows = self._follows.resize((box[2] - box[0], box[3] - box[1]), Image.Resampling.BILINEAR, part)
        for mask in self._masks:
            mask = mask if mask.size == size else mask.resize(size, Image.Resampling.BOX)
            blurred = _blurred(mask, soft, box)
            yield blurred if follows is None else Image.composite(_blurred(mask, sharp, box), blurred, follows)

    def shares(self, size: tuple[int, int]) -> np.ndarray:
        """The regions' shares of each pixel of what they cover; how much of the photograph stays, `keep_rest` knows.

        Returns:
            float32 array of shape `(height, width, regions)` in [0, 1], sums 1 where anything is covered.
        """
        together = np.stack([np.asarray(mask) for mask in self.at(size)], axis=-1).astype(np.float32) / 255
        return together / np.maximum(together.sum(axis=-1, keepdims=True), 1 / 255)

    def keep_rest(self, result: Image.Image, photo: Image.Image) -> None:
        """Puts the photograph's own pixels back into a picture where no mask covers it; RGB, of the masks' size."""
        for top in range(0, photo.height, _ROWS):
            box = 0, top, photo.width, min(top + _ROWS, photo.height)
            cover = np.zeros((box[3] - top, photo.width), np.uint8)
            for mask in self.within(box):
                cover += np.minimum(np.asarray(mask), 255 - cover)
            result.paste(photo.crop(box), box, Image.fromarray(255 - cover))

    def _radius(self, size):
        """The softness of all edges, in pixels at a size: of two regions that meet they must be alike."""
        if self._feather is not None:
            return self._feather * min(size)
        return min(FEATHER * min(size), _LARGEST_FEATHER * math.sqrt(self._smallest * size[0] * size[1]))


def _blurred(mask, radius, box):
    """What a box of a mask is when all of it is blurred, computed from what it reaches, and coarsely where wide."""
    step, reach = max(1, int(radius / _FINE)), math.ceil(_REACH * radius) + 1
    left, top = (max(0, (edge - reach) // step * step) for edge in box[:2])
    right, bottom = (min(side, edge + reach) for side, edge in zip(mask.size, box[2:], strict=True))
    part = mask.crop((left, top, right, bottom)).reduce(step).filter(ImageFilter.GaussianBlur(radius / step))
    wanted = tuple((edge - start) / step for edge, start in zip(box, (left, top) * 2, strict=True))
    return part.resize((box[2] - box[0], box[3] - box[1]), Image.Resampling.BILINEAR, wanted)


def _follows(masks, guide, radius):
    """How well the borders nearby follow edges of a picture, 0 to 255, of mode L and half the guide's size.

    All masks have one answer, so that of two that meet the shares still sum to 1.
    """
    size = tuple(max(1, side // 2) for side in guide.size)
    colours = np.asarray(guide.resize(size, Image.Resampling.BOX), np.float32)
    mean = _local(colours)
    spread = np.stack([_local(colours[..., i, None] * colours) - mean[..., i, None] * mean for i in range(3)], axis=-2)
    spread += _NOISE**2 * np.eye(3, dtype=np.float32)
    found = border = 0.0
    for mask in masks:
        inside = np.asarray(mask.resize(size, Image.Resampling.BOX), np.float32)[..., None] / 255
        share = _local(inside)
        variance = np.maximum(_local(inside * inside) - share * share, 0)[..., 0]
        together = _local(colours * inside) - mean * share
        explained = (np.linalg.solve(spread, together[..., None])[..., 0] * together).sum(axis=-1)
        quality = explained / np.maximum(variance, 1e-4)
        found = found + variance * np.clip((quality - _CHANCE) / (_EDGE - _CHANCE), 0, 1)
        border = border + variance
    nearby = [_local(values[..., None], max(radius / 2, _WINDOW))[..., 0] for values in (found, border)]
    return Image.fromarray(np.uint8(np.rint(255 * np.clip(nearby[0] / np.maximum(nearby[1], 1e-6), 0, 1))))


def _local(values, deviation=_WINDOW):
    """The mean of values `(height, width, channels)` around every pixel."""
    from scipy import ndimage

    return ndimage.gaussian_filter(values, (deviation, deviation, 0), truncate=3.0)
