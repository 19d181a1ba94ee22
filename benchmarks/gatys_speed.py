"""How long Gatys' optimisation takes: the quality reference, tracing included.

    python benchmarks/gatys_speed.py PHOTOGRAPH PAINTING [--network compact] [--steps 400] [--size 384]

Bar: 400 steps at 256x384 with a slim network in at most 60 seconds on two cores.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from PIL import Image
from record import record

from keras_stylegan.inference.optimization import paint_by_optimization


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photograph")
    parser.add_argument("painting")
    parser.add_argument("--network", default="compact")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--size", type=int, default=384, help="longer side, in pixels")
    arguments = parser.parse_args()
    photograph, painting = (Image.open(path).convert("RGB") for path in (arguments.photograph, arguments.painting))
    figures = {"network": Path(arguments.network).name, "steps": arguments.steps}
    for optimizer in ("adam", "lbfgs"):
        begin = time.perf_counter()
        picture, losses = paint_by_optimization(
            photograph,
            [(painting, 1.0)],
            size=arguments.size,
            network=arguments.network,
            steps=arguments.steps,
            optimizer=optimizer,
        )
        figures[optimizer] = {
            "seconds": round(time.perf_counter() - begin, 1),
            "first_loss": round(float(losses[0]), 3),
            "last_loss": round(float(losses[-1]), 3),
        }
    record("gatys_speed", {"size": list(picture.size), **figures}, ("tensorflow",))


if __name__ == "__main__":
    main()
