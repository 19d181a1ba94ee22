"""Networks that enlarge pictures on photographs that they were not trained on, beside the bicubic filter.

    python benchmarks/super_resolution.py --photos KODAK --model psnr=RUN --model gan=RUN2 [--extractor compact]

A model is the run directory of `train super_resolution` or a LiteRT file. Photographs are made small by the bicubic
filter (`clean`) or by the recipe's degradation (`degraded`: blur, noise and JPEG, always the same) and enlarged again.
PSNR and SSIM as scikit-image computes them, on RGB and on BT.601 luma, four pixels at the border left out; the Frechet
distance of the extractor's features between patches of the results and of the photographs says how sharp they are,
and `checkerboard` whether that is a lattice of the network's own making (1 is none, above 3 it is seen).
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import numpy as np
from PIL import Image
from record import record

from keras_stylegan.data import Degradation
from keras_stylegan.exporters.upscaler import fidelity, read_photographs, shrink
from keras_stylegan.inference.upscaler import open_upscaler
from keras_stylegan.metrics import FeatureSet, build_extractor, checkerboard_energy, score_features

PATCH = 96


def enlarger(source, factor):
    """A function from a small uint8 picture to the large one."""
    if source == "bicubic":
        return lambda small: np.asarray(
            Image.fromarray(small).resize((factor * small.shape[1], factor * small.shape[0]), Image.Resampling.BICUBIC)
        )
    return open_upscaler(source).run


def patches(picture):
    rows, columns = (range(0, side - PATCH + 1, PATCH) for side in picture.shape[:2])
    return [picture[y : y + PATCH, x : x + PATCH] for y in rows for x in columns]


def features(extractor, pictures):
    found = FeatureSet(10_000, 0)
    found.update(*extractor([patch for picture in pictures for patch in patches(picture)]))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", required=True, type=Path, metavar="DIR")
    parser.add_argument("--model", action="append", default=[], metavar="NAME=RUN")
    parser.add_argument("--extractor", default="compact", help="as `keras-stylegan evaluate`; default: compact")
    parser.add_argument("--weights", help="of the extractor")
    parser.add_argument("--factor", type=int, default=4)
    parser.add_argument("--limit", type=int, help="so many photographs, for a look")
    arguments = parser.parse_args()
    photographs = list(read_photographs(arguments.photos).values())[: arguments.limit]
    pairs = [shrink(photograph, arguments.factor) for photograph in photographs]
    truths = [truth for truth, _ in pairs]
    degradation = Degradation(arguments.factor, clean=0.0)
    inputs = {"clean": [small for _, small in pairs]}
    inputs["degraded"] = [degradation.at(truth, position) for position, truth in enumerate(truths)]
    extractor = build_extractor(arguments.extractor, arguments.weights)
    real = features(extractor, truths)
    table = []
    for name, _, source in (model.partition("=") for model in ["bicubic=bicubic", *arguments.model]):
        enlarge = enlarger(source, arguments.factor)
        for kind, smalls in inputs.items():
            results = [enlarge(small) for small in smalls]
            rows = [fidelity(one, other, arguments.factor) for one, other in zip(results, truths, strict=True)]
            scores = {key: round(float(np.mean([row[key] for row in rows])), 4) for key in rows[0]}
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # few patches: the bias is the same in every row
                distance = score_features(real, features(extractor, results), ("fd",))["fd"]
            lattice = round(float(np.mean([checkerboard_energy(picture) for picture in results])), 2)
            row = {"model": name, "input": kind, **scores, f"FD-{extractor.name}": round(distance, 4)}
            table.append({**row, "checkerboard": lattice})
            print(table[-1], flush=True)
    figures = {"photographs": len(truths), "patches": real.count, "table": table}
    record("super_resolution", figures, ("keras", "tensorflow"))


if __name__ == "__main__":
    main()
