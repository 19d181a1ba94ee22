"""Seams between regions: steps along a border against those of the same place on either side alone.

    python benchmarks/region_borders.py

Packaged photographs are divided by a hard vertical mask and painted in two styles of the bank, each style with another
once a photograph, and on one side in one style while the other stays as it is. The ratio is the mean step between
neighbouring columns within 8 pixels of the border over the greater of those of the two pictures that meet there, each
as a whole, at the same place. Bar: 1.2.
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
PHOTOGRAPH = "the photograph"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", type=int, default=384, help="of the photographs (default %(default)s)")
    parser.add_argument("--pairs", type=int, default=40, help="a photograph (default %(default)s)")
    parser.add_argument("--feather", type=float, metavar="SHARE", help="as of `stylize`")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="DIR", help="where to append the line")
    arguments = parser.parse_args()
    network, rows = keras_stylegan.load(), []
    count = len(network.styles)
    for number, sample in enumerate(pretrained.sample_photographs()):
        photograph = Image.open(sample.open("rb")).convert("RGB")
        height = round(arguments.width * photograph.height / photograph.width)
        photograph = photograph.resize((arguments.width, height), Image.Resampling.LANCZOS)
        for first in np.linspace(0, count, min(arguments.pairs, count), endpoint=False, dtype=int):
            second = (first * 7 + number + 1) % count
            for other in {network.styles[second], PHOTOGRAPH} - {network.styles[first]}:
                pair = network.styles[first], other
                rows.append((border_ratio(network, photograph, pair, arguments.feather), *pair, sample.name))
    of_two, of_one = ([row for row in rows if (row[2] == PHOTOGRAPH) == alone] for alone in (False, True))
    figures = {"two styles": summary(of_two), "style and photograph": summary(of_one)}
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


def border_ratio(network, photograph, pair, feather) -> float:
    """Steps along the border of two sides over those of the same place in one of them."""
    middle = photograph.width // 2
    mask = np.zeros((photograph.height, photograph.width), np.uint8)
    mask[:, :middle] = 255
    sides = [(side, style) for side, style in zip((mask, Outside(mask)), pair, strict=True) if style != PHOTOGRAPH]
    both = network.stylize(photograph, regions=sides, feather=feather)
    alone = [photograph if style == PHOTOGRAPH else network.stylize(photograph, style) for style in pair]

    def steps(picture):
        columns = np.asarray(picture, "float32")[:, middle - REACH : middle + REACH]
        return np.abs(np.diff(columns, axis=1)).mean()

    return float(steps(both) / max(steps(picture) for picture in alone))


if __name__ == "__main__":
    main()
