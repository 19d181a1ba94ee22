"""Turns a finished super-resolution run into the files that the package ships.

    python export/package_upscaler.py RUN --photographs DIR

writes `assets/weights/super_resolution.{tflite,md}` and the entry `super_resolution` of `assets/manifest.json`. DIR
holds photographs that were not trained on; they are made small, enlarged again and compared.
"""

import argparse
import json
from pathlib import Path

from keras_stylegan.exporters.upscaler import package_upscaler

ROOT = Path(__file__).resolve().parents[1]
DATA = "316 photographs of BSDS500, 20 of Wikimedia Commons, 6 of image-library samples."
LICENCE = (
    "Apache-2.0 for what is ours; trained in part on BSDS500 photographs, research data: no warranty of commercial "
    "use. See assets/weights/LICENSE."
)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("--photographs", type=Path, required=True, metavar="DIR")
    parser.add_argument("--assets", type=Path, default=ROOT / "assets", metavar="DIR")
    arguments = parser.parse_args()
    entry = package_upscaler(arguments.run, arguments.assets, DATA, LICENCE, arguments.photographs)
    print(json.dumps(entry, indent=2))


if __name__ == "__main__":
    main()
