"""The picture of photographs made a quarter as large, and enlarged again.

    python benchmarks/upscale_picture.py -o assets/images/upscale.jpg [--model FILE|RUN ...]

Each row: a part of a photograph enlarged by the bicubic filter, by each network, and as it was.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from keras_stylegan.exporters.upscaler import shrink
from keras_stylegan.inference.upscaler import open_upscaler

SAMPLES = Path(__file__).resolve().parents[1] / "assets" / "samples"
SIDE = 220
# A photograph, and the left and upper edge of the part.
ROWS = (("temple.jpg", 60, 120), ("astronaut.jpg", 130, 10))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--model", nargs="+", default=[None], help="default: the packaged network")
    arguments = parser.parse_args()
    upscalers = [open_upscaler(source) for source in arguments.model]
    sheet = np.concatenate([row(upscalers, *settings) for settings in ROWS])
    Image.fromarray(sheet).save(arguments.output, quality=90)


def row(upscalers, name, left, top):
    photograph = np.asarray(Image.open(SAMPLES / name).convert("RGB"))
    truth, small = shrink(photograph, upscalers[0].factor)
    bicubic = np.asarray(Image.fromarray(small).resize(truth.shape[1::-1], Image.Resampling.BICUBIC))
    pictures = (bicubic, *(upscaler.run(small) for upscaler in upscalers), truth)
    return np.concatenate([picture[top : top + SIDE, left : left + SIDE] for picture in pictures], axis=1)


if __name__ == "__main__":
    main()
