"""How good a translator is on pictures that it was not trained on, before and after.

    python benchmarks/translation_quality.py RUN --inputs DIR --targets DIR [--paired] [--direction b_to_a]

brings pictures to the size of the training pictures, translates the inputs and compares them with the targets: the
Fréchet distance of features (`--extractor`, `--weights`), of the inputs as they are ("before") and translated
("after"), and with `--paired`, where equal names belong together, also PSNR in decibels and SSIM (scikit-image, on
RGB in 0..255), their means over the pictures.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from record import record
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from keras_stylegan.data.pictures import to_rgb
from keras_stylegan.inference.translator import open_translator
from keras_stylegan.metrics import build_extractor, frechet_distance
from keras_stylegan.metrics.names import label


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--inputs", type=Path, required=True, metavar="DIR")
    parser.add_argument("--targets", type=Path, required=True, metavar="DIR")
    parser.add_argument("--paired", action="store_true")
    parser.add_argument("--direction", metavar="WAY")
    parser.add_argument("--extractor", default="compact")
    parser.add_argument("--weights", metavar="FILE", help="local weight file of the extractor")
    parser.add_argument("--results", type=Path, metavar="DIR", help="where to append the line, instead of results/")
    arguments = parser.parse_args()

    config = json.loads((arguments.run / "config.json").read_text(encoding="utf-8"))
    size = tuple(reversed(config["settings"]["size"]))
    inputs, targets = (read(folder, size) for folder in (arguments.inputs, arguments.targets))
    translator = open_translator(arguments.run, arguments.direction)
    made = {name: np.asarray(translator.translate(picture)) for name, picture in inputs.items()}
    extractor = build_extractor(arguments.extractor, arguments.weights)

    def features(pictures):
        return extractor([np.asarray(picture) for picture in pictures.values()])[0]

    wanted = features(targets)
    figures = {
        "run": arguments.run.name,
        "preset": config["system"],
        "pictures": len(made),
        "size": list(size),
        "fd": label("fd", extractor.name),
        "before": score(features(inputs), wanted),
        "after": score(features(made), wanted),
    }
    if arguments.paired:
        pairs = [(made[name], np.asarray(targets[name])) for name in made]
        figures["psnr"] = round(float(np.mean([peak_signal_noise_ratio(b, a) for a, b in pairs])), 3)
        ssim = [structural_similarity(a, b, channel_axis=2) for a, b in pairs]
        figures["ssim"] = round(float(np.mean(ssim)), 4)
    record("translation_quality", figures, **({"folder": arguments.results} if arguments.results else {}))


def read(folder, size):
    """The pictures of a folder by their names, cut and brought to (width, height)."""
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    return {file.stem: ImageOps.fit(to_rgb(Image.open(file)), size, Image.Resampling.BICUBIC) for file in files}


def score(one, other):
    """Fréchet distance of two sets of features."""
    moments = [(features.mean(axis=0), np.cov(features, rowvar=False)) for features in (one, other)]
    return round(float(frechet_distance(*moments[0], *moments[1])), 3)


if __name__ == "__main__":
    main()
