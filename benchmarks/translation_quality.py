"""How good a translator is on pictures that it was not trained on, before and after.

    python benchmarks/translation_quality.py RUN --inputs DIR --targets DIR [--paired] [--direction b_to_a]

brings pictures to the size of the training pictures, translates the inputs and compares them with the targets:

- the Fréchet distance of features (`--extractor`, `--weights`) to the targets, of the inputs as they are ("before")
  and translated ("after"); with `--real`, further pictures of the targets' kind, theirs too ("real"): as far as real
  pictures are apart where there are few;
- `tone`, the correlation of light and dark between inputs and results (-1 is a negative), and `diversity`, how
  different the results are, over how different the targets are (0 is one picture): what a run's health watches;
- with `--paired`, where equal names belong together, PSNR in decibels and SSIM (scikit-image, on RGB in 0..255),
  their means over the pictures.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from record import record

from keras_stylegan.data.pictures import to_rgb
from keras_stylegan.metrics import frechet_distance
from keras_stylegan.metrics.names import label


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--inputs", type=Path, required=True, metavar="DIR")
    parser.add_argument("--targets", type=Path, required=True, metavar="DIR")
    parser.add_argument("--real", type=Path, metavar="DIR", help="more pictures of the targets' kind")
    parser.add_argument("--paired", action="store_true")
    parser.add_argument("--direction", metavar="WAY")
    add_extractor(parser)
    parser.add_argument("--results", type=Path, metavar="DIR", help="where to append the line, instead of results/")
    arguments = parser.parse_args()
    figures = score(
        arguments.run,
        arguments.inputs,
        arguments.targets,
        open_extractor(arguments),
        arguments.paired,
        arguments.direction,
        arguments.real,
    )
    record("translation_quality", figures, **({"folder": arguments.results} if arguments.results else {}))


def add_extractor(parser):
    parser.add_argument("--extractor", default="compact")
    parser.add_argument("--weights", metavar="FILE", help="local weight file of the extractor")


def open_extractor(arguments):
    from keras_stylegan.metrics import build_extractor

    return build_extractor(arguments.extractor, arguments.weights)


def score(run, inputs, targets, extractor, paired=False, direction=None, real=None):
    """The figures of a run's translator; folders as on the command line.

    Raises:
        ValueError: if a folder holds fewer than two pictures, or with `paired` not the same names as the other.
    """
    from keras_stylegan.callbacks.health import pairwise_distance, tone_correlation
    from keras_stylegan.inference.translator import open_translator
    from keras_stylegan.run_records import state_of_network

    config = json.loads((run / "config.json").read_text(encoding="utf-8"))
    size = tuple(reversed(config["settings"]["size"]))
    inputs, targets = read(inputs, size), read(targets, size)
    if paired and inputs.keys() != targets.keys():
        alone = ", ".join(sorted(inputs.keys() ^ targets.keys()))
        raise ValueError(f"`--inputs` and `--targets` must have equal names with `--paired`. Alone are: {alone}")
    translator = open_translator(run, direction)
    made = {name: np.asarray(translator.translate(picture)) for name, picture in inputs.items()}
    before, after, wanted = (moments(extractor, pictures) for pictures in (inputs, made, targets))
    pixels = [np.stack(list(pictures.values())).astype("float32") for pictures in (inputs, made, targets)]
    figures = {
        "run": run.name,
        "system": config["system"],
        "kimg": state_of_network(run)[0] / 1000,
        "pictures": len(made),
        "size": list(size),
        "fd": label("fd", extractor.name),
        "before": distance(before, wanted),
        "after": distance(after, wanted),
        "tone": round(tone_correlation(pixels[0], pixels[1]), 3),
        "diversity": round(pairwise_distance(pixels[1]) / pairwise_distance(pixels[2]), 3),
    }
    if real is not None:
        figures["real"] = distance(moments(extractor, read(real, size)), wanted)
    if paired:
        figures |= fidelity([(made[name], targets[name]) for name in made])
    return figures


def read(folder, size):
    """The pictures of a folder by their names, uint8, cut and brought to (width, height)."""
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    if len(files) < 2:
        raise ValueError(f"{folder}: must hold two pictures or more. It holds {len(files)}")
    images = {file.stem: ImageOps.fit(to_rgb(Image.open(file)), size, Image.Resampling.BICUBIC) for file in files}
    return {name: np.asarray(image) for name, image in images.items()}


def moments(extractor, pictures):
    """Mean and covariance of the features of pictures."""
    features = extractor(list(pictures.values()))[0]
    return features.mean(axis=0), np.cov(features, rowvar=False)


def distance(one, other):
    """Fréchet distance of two sets of features by their moments."""
    return round(float(frechet_distance(*one, *other)), 3)


def fidelity(pairs):
    """Mean PSNR and SSIM of pairs of a result and what it should be."""
    from skimage.metrics import peak_signal_noise_ratio, structural_similarity

    psnr = [peak_signal_noise_ratio(wanted, made) for made, wanted in pairs]
    ssim = [structural_similarity(wanted, made, channel_axis=2) for made, wanted in pairs]
    return {"psnr": round(float(np.mean(psnr)), 3), "ssim": round(float(np.mean(ssim)), 4)}


if __name__ == "__main__":
    main()
