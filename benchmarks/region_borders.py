"""Seams between regions: steps along a border against those of the same place on either side alone.

    python benchmarks/region_borders.py

Packaged photographs are divided by a hard mask and painted in two styles of the bank, each style with another once a
photograph, and inside in one style while the rest stays as it is. Masks are the left half, and squares in the middle of
a fifth and a tenth of the width. The ratio is the mean step between neighbours across the border, within 8 pixels of
it, over the greater of those of the two pictures that meet there, each as a whole, at the same place. Bar: 1.2.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image
from record import RESULTS, record

import keras_stylegan
from keras_stylegan import pretrained
from keras_stylegan.inference.regions import Outside

REACH, BAR = 8, 1.2
# Of the width, the side of squares; None is the left half.
SHAPES = {"halves": None, "a fifth": 1 / 5, "a tenth": 1 / 10}
PHOTOGRAPH = "the photograph"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", type=int, default=384, help="of the photographs (default %(default)s)")
    parser.add_argument("--pairs", type=int, default=40, help="a photograph (default %(default)s)")
    parser.add_argument("--feather", type=float, metavar="SHARE", help="as of `stylize`")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="DIR", help="where to append the line")
    arguments = parser.parse_args()
    network, rows = keras_stylegan.load(), {}
    count = len(network.styles)
    for number, sample in enumerate(pretrained.sample_photographs()):
        photograph = Image.open(sample.open("rb")).convert("RGB")
        height = round(arguments.width * photograph.height / photograph.width)
        photograph = photograph.resize((arguments.width, height), Image.Resampling.LANCZOS)
        for first in np.linspace(0, count, min(arguments.pairs, count), endpoint=False, dtype=int):
            second = (first * 7 + number + 1) % count
            for other in {network.styles[second], PHOTOGRAPH} - {network.styles[first]}:
                pair, kind = (network.styles[first], other), "photograph" if other == PHOTOGRAPH else "two styles"
                for name, side in SHAPES.items():
                    ratio = border_ratio(network, photograph, pair, side, arguments.feather)
                    rows.setdefault(f"{name}, {kind}", []).append((ratio, *pair, sample.name))
    figures = {name: summary(of_kind) for name, of_kind in rows.items()}
    figures = {"feather": arguments.feather, "width": arguments.width, **figures}
    record("region_borders", figures, ("ai-edge-litert",), folder=arguments.results)


def summary(rows) -> dict:
    """What is recorded of one kind of border."""
    ratios = np.array([row[0] for row in rows])
    return {
        "borders": len(rows),
        "median": round(float(np.median(ratios)), 3),
        "percentile_90": round(float(np.percentile(ratios, 90)), 3),
        "within_bar": round(float((ratios <= BAR).mean()), 3),
        "worst": [round(float(max(rows)[0]), 3), *max(rows)[1:]],
    }


def border_ratio(network, photograph, pair, side, feather) -> float:
    """Steps along the border of two regions over those of the same place in one of their pictures."""
    mask, borders = masked(photograph.size, side)
    regions = [(where, style) for where, style in zip((mask, Outside(mask)), pair, strict=True) if style != PHOTOGRAPH]
    both = network.stylize(photograph, regions=regions, feather=feather)
    alone = [photograph if style == PHOTOGRAPH else network.stylize(photograph, style) for style in pair]
    return float(steps(both, borders) / max(steps(picture, borders) for picture in alone))


def masked(size, side) -> tuple[np.ndarray, list]:
    """A mask, and its straight borders: the axis across, the place along it, and the rows or columns they take."""
    width, height = size
    mask = np.zeros((height, width), np.uint8)
    if side is None:
        mask[:, : width // 2] = 255
        return mask, [(1, width // 2, slice(None))]
    side = round(side * width)
    left, top = (width - side) // 2, (height - side) // 2
    rows, columns = slice(top, top + side), slice(left, left + side)
    mask[rows, columns] = 255
    return mask, [*((1, x, rows) for x in (left, left + side)), *((0, y, columns) for y in (top, top + side))]


def steps(picture, borders) -> float:
    """Mean step across borders, within reach of them."""
    pixels, found = np.asarray(picture, "float32"), []
    for axis, place, extent in borders:
        band = np.moveaxis(pixels, axis, 0)[place - REACH : place + REACH, extent]
        found.append(np.abs(np.diff(band, axis=0)).mean())
    return float(np.mean(found))


if __name__ == "__main__":
    main()
