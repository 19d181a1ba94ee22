"""Pictures of any size in bounded memory: painted tile by tile, with one set of statistics for all tiles.

The network normalises by the statistics of the whole picture, layer after layer, so tiles cannot be painted one by one
as they are: each would be normalised by itself, and seams would show. Above `TILE_ABOVE` pixels the statistics are
therefore measured beforehand, on windows of the picture spread evenly over it, in one pass in which all windows count
together. Put into the style vector (`StyleTransformer.freeze`) they paint every tile alike.

Windows and not a thumbnail: features of a picture made small are not those of its own pixels (edges are steeper, flat
parts gone), and a large picture is to be painted with the strokes of its own pixels. What the statistics miss is what
lies between the windows; the whole picture painted with them, and in tiles, is the same, because a tile brings
`MARGIN` pixels on all sides with it, more than any pixel of the network's output sees. Beyond the picture's border
they are its reflection. No layer pads a tile, so of the margin no more is computed than the tile depends on.

Regions are painted tile by tile too, each style where its mask is: one pass for all of them, as of smaller pictures,
would need maps of styles as large as the features.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from PIL import Image

from keras_stylegan.inference.palette import Mixture
from keras_stylegan.inference.runtimes import MIN_SIDE

# Up to here, some 0.6 GB of working memory, a picture is painted whole, by its own statistics.
TILE_ABOVE = 2**21
# Pixels a side of what a tile adds to the result, at most, and of what it sees beyond. At this size the margins cost
# little: a pixel takes 1.16 of the time that it takes in a picture painted whole (benchmarks/tiling.py), which is
# padded and normalised layer by layer.
TILE, MARGIN = 1408, 128
# Windows for the statistics: so many at most, of this side. At `TILE_ABOVE` pixels they cover a picture, or three
# quarters of it, unless it is narrower than they are; so the change from its own statistics does not show. All of them
# are no more than a tile with its margins.
WINDOWS, WINDOW = 42, 256
# Of a window: what may lie beyond the last one without another.
_UNCOVERED = 0.1
# Pixels of the picture per step of the features that the waves are added to.
_WAVE_STRIDE = 4


# A part of a picture: (left, top, right, bottom) in its pixels, as Pillow has it.
Box = tuple[int, int, int, int]


def paint_in_tiles(
    runtime,
    photo: Image.Image,
    mixtures: Sequence[Mixture],
    strength: float,
    masks: Callable[[Box], Iterable[Image.Image]] | None = None,
    tile: int = TILE,
    margin: int = MARGIN,
    report: Callable[[float], None] = lambda share: None,
) -> Image.Image:
    """Paints a picture with statistics measured on windows of it.

    Args:
        runtime: `LiteRTRuntime` or `KerasRuntime`.
        photo: PIL image of mode RGB, of any size.
        mixtures: what to paint it in: one, or as many as there are masks.
        strength: float in [0, 1].
        masks: gives the parts of all masks within a box of the photograph, of mode L, in the order of the mixtures.
            Where they overlap each style has its share, and where none covers, the photograph stays. None for one
            mixture, everywhere.
        tile: int, side of a tile in pixels at most, a multiple of the network's stride. A picture no larger is one
            tile, others are divided evenly.
        margin: int, pixels a tile sees beyond its own, a multiple of the stride.
        report: called with the share of the rows that are done.

    Returns:
        PIL image of mode RGB and the size of `photo`.

    Raises:
        ValueError: if `tile` or `margin` is no multiple of the stride, or the network sees more than `margin`.
    """
    for name, value in (("tile", tile), ("margin", margin)):
        if value % runtime.stride or value < (name == "tile"):
            raise ValueError(f"`{name}` must be a multiple of {runtime.stride}. Received: {name}={value}")
    canvas = _Canvas(photo, runtime.stride)
    parts, corners = canvas.windows()
    origin = np.array(corners, np.float32) / _WAVE_STRIDE
    styles = [runtime.freeze(parts, origin, one.weights, strength, one.vector) for one in mixtures]
    result = photo.copy()
    for inner in canvas.tiles(tile):
        box, cut = canvas.on_photo(inner)
        shares = [None] if masks is None else list(masks(box))
        here = [(style, share) for style, share in zip(styles, shares, strict=True) if share is None or share.getbbox()]
        if here:
            seen = canvas.cut((inner[0] - margin, inner[1] - margin, inner[2] + margin, inner[3] + margin))
            layers = [(_painted(runtime, seen, inner, margin, style, strength)[cut], share) for style, share in here]
            _paste(result, layers, box)
        report(inner[2] / canvas.size[0])
    return result


def _painted(runtime, seen, inner, margin, style, strength) -> np.ndarray:
    """The pixels of a tile, uint8, painted from those that it is to see."""
    corner = ((inner[0] - margin) / _WAVE_STRIDE, (inner[1] - margin) / _WAVE_STRIDE)
    painted = runtime.run_tile(seen, style, corner, strength)
    # What of the margin the network returns beside the tile: nothing, or all of it, or between.
    around = (painted.shape[0] - (inner[2] - inner[0])) // 2
    if around < 0:
        least = -(-(margin - around) // runtime.stride) * runtime.stride
        raise ValueError(f"`margin` must be at least {least} for this network. Received: {margin}")
    return painted[around : len(painted) - around, around : painted.shape[1] - around]


def _paste(result: Image.Image, layers, box: Box) -> None:
    """Puts pixels into a box of a picture: of one style all of them, of several with masks each style's share."""
    if layers[0][1] is None:
        result.paste(Image.fromarray(layers[0][0]), box)
        return
    together = cover = np.float32(0)
    for pixels, mask in layers:
        share = np.asarray(mask, np.float32)[..., None]
        together, cover = together + share * pixels, cover + share
    pixels = np.uint8(np.rint(together / np.maximum(cover, 1)))
    result.paste(Image.fromarray(pixels), box, Image.fromarray(np.uint8(255 * (cover[..., 0] > 0))))


class _Canvas:
    """A photograph continued by reflection, evenly on opposite sides, to sides that the network takes.

    Boxes are (top, left, bottom, right) in pixels of the canvas.
    """

    def __init__(self, photo: Image.Image, stride: int):
        self.photo = photo
        self.stride = stride
        self._sides = (photo.height, photo.width)
        self.size = tuple(-(-max(side, MIN_SIDE) // stride) * stride for side in self._sides)
        self._before = tuple((long - side) // 2 for long, side in zip(self.size, self._sides, strict=True))

    def tiles(self, longest: int) -> Iterator[tuple[int, int, int, int]]:
        """Boxes that cover the canvas, row by row, with sides of at most `longest`."""
        height, width = self.even_tile(longest)
        for top in range(0, self.size[0], height):
            for left in range(0, self.size[1], width):
                yield top, left, min(top + height, self.size[0]), min(left + width, self.size[1])

    def even_tile(self, longest: int) -> tuple[int, int]:
        """Height and width, at most `longest`, of tiles that are nearly alike: a narrow rest costs its margins too."""
        return tuple(-(-side // -(-side // longest) // self.stride) * self.stride for side in self.size)

    def cut(self, box) -> np.ndarray:
        """The pixels in a box, uint8 of shape `(height, width, 3)`."""
        top, bottom, rows = self._within(0, box[0], box[2])
        left, right, columns = self._within(1, box[1], box[3])
        pixels = np.asarray(self.photo.crop((left, top, right, bottom)))
        return np.pad(pixels, (rows, columns, (0, 0)), mode="reflect") if any(rows + columns) else pixels

    def _within(self, axis, first, last):
        """Where a stretch of the canvas begins and ends in the photograph, and what it has (before, after) that."""
        first, last = first - self._before[axis], last - self._before[axis]
        start, end = max(0, first), min(self._sides[axis], last)
        return start, end, (start - first, last - end)

    def on_photo(self, box) -> tuple[Box, tuple[slice, slice]]:
        """Of a box the part that the photograph has: where that is on it, and which rows and columns of the box."""
        top, bottom, rows = self._within(0, box[0], box[2])
        left, right, columns = self._within(1, box[1], box[3])
        cut = slice(rows[0], rows[0] + bottom - top), slice(columns[0], columns[0] + right - left)
        return (left, top, right, bottom), cut

    def windows(self):
        """Windows spread evenly over the canvas: uint8 `(windows, height, width, 3)`, and their (top, left)."""
        height, width = (min(side, WINDOW) for side in self.size)
        rows, columns = _grid(*self.size)
        tops, lefts = self._starts(self.size[0], height, rows), self._starts(self.size[1], width, columns)
        corners = [(top, left) for top in tops for left in lefts]
        return np.stack([self.cut((top, left, top + height, left + width)) for top, left in corners]), corners

    def _starts(self, side, window, count):
        rest = side - window
        places = np.linspace(0, rest, count) if count > 1 else [rest / 2]
        return [int(place) // self.stride * self.stride for place in places]


def _grid(height: int, width: int) -> tuple[int, int]:
    """Rows and columns of windows: as many as cover a picture, or evenly fewer."""
    rows, columns = (max(1, math.ceil(side / WINDOW - _UNCOVERED)) for side in (height, width))
    if rows * columns <= WINDOWS:
        return rows, columns
    if rows > columns:
        return _grid(width, height)[::-1]
    rows = max(1, round(rows * math.sqrt(WINDOWS / (rows * columns))))
    return rows, min(columns, WINDOWS // rows)
