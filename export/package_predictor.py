"""Turns a finished run of the style predictor into the file that the package ships.

    python export/package_predictor.py RUN

writes assets/weights/style_predictor.tflite and what the manifest says of it.
"""

import argparse
import json
from pathlib import Path

from keras_stylegan.exporters.predictor import package_predictor

ROOT = Path(__file__).resolve().parents[1]
LICENCE = (
    "Apache-2.0 for what is ours; trained in part on BSDS500 photographs, research data: no warranty of commercial "
    "use. See assets/weights/LICENSE."
)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("--assets", type=Path, default=ROOT / "assets", metavar="DIR")
    arguments = parser.parse_args()
    print(json.dumps(package_predictor(arguments.run, arguments.assets, LICENCE), indent=2))


if __name__ == "__main__":
    main()
