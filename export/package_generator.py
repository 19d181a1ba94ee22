"""Turns a finished run of a GAN into the files that the package ships.

    python export/package_generator.py RUN --name scenes --data SENTENCE --licence SENTENCE [--scores FILE]

writes `assets/weights/NAME.{tflite,npz,md}` and the entry NAME of `assets/manifest.json`. FILE holds what
`keras-stylegan evaluate images --json` printed of its pictures. Then `keras-stylegan generate --from NAME` runs without
TensorFlow.
"""

import argparse
import json
from pathlib import Path

from keras_stylegan.exporters.generators import package_generator

ROOT = Path(__file__).resolve().parents[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("--name", required=True)
    parser.add_argument("--data", required=True, metavar="SENTENCE", help="what it was trained on")
    parser.add_argument("--licence", required=True, metavar="SENTENCE", help="licence and notices of the weights")
    parser.add_argument("--scores", type=Path, metavar="FILE")
    parser.add_argument("--assets", type=Path, default=ROOT / "assets", metavar="DIR")
    arguments = parser.parse_args()
    scores = json.loads(arguments.scores.read_text(encoding="utf-8")) if arguments.scores else None
    entry = package_generator(
        arguments.run, arguments.assets, arguments.name, arguments.data, arguments.licence, scores
    )
    print(json.dumps({key: entry[key] for key in ("litert", "recipe", "images_seen", "losses", "parity")}, indent=2))


if __name__ == "__main__":
    main()
