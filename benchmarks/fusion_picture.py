"""The picture of regions put back in another light: by copying, by Poisson blending, and by the fusion network.

    python benchmarks/fusion_picture.py -o assets/images/fusion.jpg

Each row: copy and paste, Poisson, the packaged network with its default finish, and the truth.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from keras_stylegan.data.shifts import apply_shifts
from keras_stylegan.inference.fusion import GAN, fuse
from keras_stylegan.inference.fusion_runtimes import open_fusion
from keras_stylegan.inference.placement import Piece

SAMPLES = Path(__file__).resolve().parents[1] / "assets" / "samples"
SIDE = 300
# A photograph, the region's outline in shares of width and height, what is done to it, and the seed of that.
ROWS = (
    (
        "temple.jpg",
        ((0.05, 0.95), (0.12, 0.45), (0.2, 0.2), (0.25, 0.05), (0.38, 0.1), (0.5, 0.35), (0.62, 0.55), (0.6, 0.95)),
        ("style", "tone"),
        3,
    ),
    (
        "astronaut.jpg",
        ((0.25, 0.45), (0.2, 0.15), (0.4, 0.02), (0.6, 0.05), (0.68, 0.3), (0.6, 0.5), (0.45, 0.6)),
        ("haze", "hue"),
        5,
    ),
)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    network = open_fusion()
    rows = [row(network, *settings) for settings in ROWS]
    sheet = Image.new("RGB", (max(one.shape[1] for one in rows), sum(one.shape[0] for one in rows)))
    top = 0
    for one in rows:
        sheet.paste(Image.fromarray(one), (0, top))
        top += one.shape[0]
    sheet.save(arguments.output, quality=82, optimize=True, progressive=True)


def row(network, name, outline, families, seed):
    photograph = Image.open(SAMPLES / name).convert("RGB")
    photograph.thumbnail((SIDE, SIDE))
    mask = Image.new("L", photograph.size)
    ImageDraw.Draw(mask).polygon([(x * mask.width, y * mask.height) for x, y in outline], fill=255)
    mask = mask.filter(ImageFilter.GaussianBlur(1.2))
    changed = Image.fromarray(apply_shifts(np.asarray(photograph), families, np.random.default_rng(seed)))
    piece = Piece(changed, mask, at=(0, 0))
    pictures = [fuse(piece, photograph, blend, network) for blend in ("copy", "poisson", GAN)]
    return np.concatenate([np.asarray(picture) for picture in (*pictures, photograph)], axis=1)


if __name__ == "__main__":
    main()
