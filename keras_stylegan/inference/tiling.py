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
"""

from __future__ import annotations

import math
from collections.abc import Callable

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


def paint_in_tiles(
    runtime,
    photo: Image.Image,
    mixture: Mixture,
    strength: float,
    tile: int = TILE,
    margin: int = MARGIN,
    report: Callable[[float], None] = lambda share: None,
) -> Image.Image:
    """Paints a picture with statistics measured on windows of it.

    Args:
        runtime: `LiteRTRuntime` or `KerasRuntime`.
        photo: PIL image of mode RGB, of any size.
        mixture: what to paint it in.
        strength: float in [0, 1].
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
    frozen = runtime.freeze(parts, origin, mixture.weights, strength, mixture.vector)
    result = Image.new("RGB", photo.size)
    height, width = canvas.even_tile(tile)
    for top in range(0, canvas.size[0], height):
        for left in range(0, canvas.size[1], width):
            inner = top, left, min(top + height, canvas.size[0]), min(left + width, canvas.size[1])
            seen = inner[0] - margin, inner[1] - margin, inner[2] + margin, inner[3] + margin
            corner = (seen[0] / _WAVE_STRIDE, seen[1] / _WAVE_STRIDE)
            painted = runtime.run_tile(canvas.cut(seen), frozen, corner, strength)
            # What of the margin the network returns beside the tile: nothing, or all of it, or between.
            around = (painted.shape[0] - (inner[2] - inner[0])) // 2
            if around < 0:
                least = -(-(margin - around) // runtime.stride) * runtime.stride
                raise ValueError(f"`margin` must be at least {least} for this network. Received: {margin}")
            canvas.put(result, painted[around : len(painted) - around, around : painted.shape[1] - around], inner)
        report(min(1.0, (top + height) / canvas.size[0]))
    return result


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

    def put(self, result: Image.Image, pixels: np.ndarray, box) -> None:
        """Pastes the pixels of a box into a picture of the photograph's size; what lies beyond it falls away."""
        result.paste(Image.fromarray(pixels), (box[1] - self._before[1], box[0] - self._before[0]))

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
