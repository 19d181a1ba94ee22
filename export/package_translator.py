"""Turns a finished run of a translator into the files that the package ships.

    python export/package_translator.py RUN --name frost --purpose SENTENCE --data SENTENCE --licence SENTENCE

writes `assets/weights/NAME.{tflite,md}` and the entry NAME of `assets/manifest.json`. Then `keras-stylegan translate
PHOTO --model NAME -o OUT` runs without TensorFlow.
"""

import argparse
import json
from pathlib import Path

from keras_stylegan.exporters.translators import package_translator

ROOT = Path(__file__).resolve().parents[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("--name", required=True)
    parser.add_argument("--purpose", required=True, metavar="SENTENCE", help="what it does")
    parser.add_argument("--data", required=True, metavar="SENTENCE", help="what it was trained on")
    parser.add_argument("--licence", required=True, metavar="SENTENCE", help="licence and notices of the weights")
    parser.add_argument("--direction", metavar="WAY", help="of a run that learnt both ways: a_to_b or b_to_a")
    parser.add_argument("--assets", type=Path, default=ROOT / "assets", metavar="DIR")
    arguments = parser.parse_args()
    sentences = (arguments.name, arguments.purpose, arguments.data, arguments.licence)
    entry = package_translator(arguments.run, arguments.assets, *sentences, arguments.direction)
    print(json.dumps({key: entry[key] for key in ("litert", "recipe", "images_seen", "losses", "parity")}, indent=2))


if __name__ == "__main__":
    main()
