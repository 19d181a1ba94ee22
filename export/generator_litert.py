"""Writes the generator of a run as one LiteRT file, for `keras-stylegan generate --from FILE` or a phone.

    python export/generator_litert.py RUN FILE.tflite

RUN is a run directory or a `.keras` file. A `.json` file beside FILE names the classes and says how far the pictures
are from those of Keras, in grey levels.
"""

import argparse
import json
from pathlib import Path

from keras_stylegan.exporters.generators import export_generator


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--float32", action="store_true", help="store the weights in full precision")
    arguments = parser.parse_args()
    print(json.dumps(export_generator(arguments.run, arguments.file, not arguments.float32), indent=2))


if __name__ == "__main__":
    main()
