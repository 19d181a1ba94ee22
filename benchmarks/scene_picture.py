"""The picture of photographs painted, and made by the generator of scenes with more and more of the detail.

    python benchmarks/scene_picture.py -o assets/images/scene_pipeline.jpg [--model RUN]

Each row: the middle of a photograph, the painting of it, and the packaged pipeline's scene with detail 0, 0.5 and 1.
Scenes are shown at twice their size, pixel by pixel.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from keras_stylegan.inference import load, read_picture
from keras_stylegan.inference.scenes import middle, open_scenes

SAMPLES = Path(__file__).resolve().parents[1] / "assets" / "samples"
ROWS = (
    ("temple.jpg", "vangogh_wheat_field_with_cypresses"),
    ("temple.jpg", "hokusai_great_wave"),
    ("coffee.jpg", "munch_scream"),
    ("cat.jpg", "monet_water_lilies_1919"),
)
DETAILS = (0.0, 0.5, 1.0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--model", default="scene_pipeline", help="run or packaged pipeline (default %(default)s)")
    arguments = parser.parse_args()
    scenes, painter = open_scenes(arguments.model), load()
    sheet = np.concatenate([row(scenes, painter, *one) for one in ROWS])
    Image.fromarray(sheet).save(arguments.output, quality=85, optimize=True, progressive=True)


def row(scenes, painter, name, style):
    photograph = middle(read_picture(SAMPLES / name), scenes.input_size).photo
    painted = np.asarray(painter.stylize(photograph, style))
    made = [Image.fromarray(scenes.run(painted, detail)) for detail in DETAILS]
    shown = [scene.resize(photograph.size, Image.Resampling.NEAREST) for scene in made]
    return np.concatenate([np.asarray(picture) for picture in (photograph, painted, *shown)], axis=1)


if __name__ == "__main__":
    main()
