"""The picture of regions: a photograph, a mask of its sky, and sky and ground painted in two styles.

python benchmarks/regions_picture.py -o assets/images/regions.jpg
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

import keras_stylegan
from keras_stylegan.inference.regions import Outside

PHOTOGRAPH = Path(__file__).resolve().parents[1] / "assets" / "samples" / "temple.jpg"
STYLES = ("munch_scream", "hokusai_great_wave")
# The sky is above the far shore, this share of the height, and bluer or brighter than what stands before it.
HORIZON, HEIGHT, EDGE = 0.475, 300, 8


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    photograph = Image.open(PHOTOGRAPH).convert("RGB")
    mask = sky(np.asarray(photograph, "int16"))
    inside, outside = STYLES
    painted = keras_stylegan.load().stylize(photograph, regions=[(mask, inside), (Outside(mask), outside)])
    row = [np.asarray(picture.convert("RGB")) for picture in (photograph, Image.fromarray(mask), painted)]
    sheet = Image.fromarray(np.concatenate(row, axis=1))
    size = round(HEIGHT * sheet.width / sheet.height), HEIGHT
    sheet.resize(size, Image.Resampling.LANCZOS).save(arguments.output, quality=86)


def sky(pixels: np.ndarray) -> np.ndarray:
    """White where the sky is: bright and blue rather than red, in one piece from the upper edge to the horizon."""
    bright = (pixels.min(axis=-1) > 120) & (pixels[..., 2] >= pixels[..., 0] - 2)
    bright[round(HORIZON * len(pixels)) :] = False
    bright = np.pad(bright, EDGE, mode="edge")  # what is done to borders is not to be done to the picture's
    pieces, _ = ndimage.label(ndimage.binary_opening(bright, iterations=2))
    piece = ndimage.binary_closing(pieces == pieces[EDGE, bright.shape[1] // 2], iterations=2)
    return np.uint8(255 * piece[EDGE:-EDGE, EDGE:-EDGE])


if __name__ == "__main__":
    main()
