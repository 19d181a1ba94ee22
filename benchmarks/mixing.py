"""Mixing A to B at five weights: does it move away from A and towards B at every step?

    python benchmarks/mixing.py --judge JUDGE.py --photographs DIR --styles DIR

For random pairs of styles, each on a photograph of its own, the distance to A must grow and the distance to B must
fall along the weights 0, 1/4, 1/2, 3/4, 1 (`judge.style_distance(output, style)`). Bar: at least 90 % of 40 pairs.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from judging import load_module
from PIL import Image
from record import record

import keras_stylegan

WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--judge", "--photographs", "--styles"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    judge = load_module(arguments.judge)
    network = keras_stylegan.load()
    files = sorted(path for path in arguments.photographs.iterdir() if path.suffix in (".jpg", ".png"))
    rng = np.random.default_rng(arguments.seed)
    failures = []
    for number in range(arguments.pairs):
        names = [str(name) for name in rng.choice(network.styles, 2, replace=False)]
        photograph = Image.fromarray(np.uint8(judge.load(files[number % len(files)], 256) * 255))
        styles = [judge.load(arguments.styles / f"{name}.jpg", 256) for name in names]
        distances = []
        for weight in WEIGHTS:
            mixture = {name: share for name, share in zip(names, (1 - weight, weight), strict=True) if share}
            painted = np.asarray(network.stylize(photograph, mixture), "float32") / 255
            distances.append([judge.style_distance(painted, style) for style in styles])
        steps = np.diff(np.array(distances), axis=0)
        if not ((steps[:, 0] > 0).all() and (steps[:, 1] < 0).all()):
            failures.append({"pair": names, "distances": np.round(distances, 3).tolist()})
    monotonic = 1 - len(failures) / arguments.pairs
    record("mixing", {"pairs": arguments.pairs, "monotonic": round(monotonic, 3), "failures": failures})


if __name__ == "__main__":
    main()
