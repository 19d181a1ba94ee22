"""Writes the encoder and generator of a scene pipeline as one LiteRT file.

    python export/scene_litert.py RUN NAME.tflite [--float32]

`keras-stylegan scene PHOTO --style STYLE --model NAME.tflite -o OUT` runs it, without TensorFlow.
"""

import argparse
import json
from pathlib import Path

from keras_stylegan.exporters.scenes import export_scenes


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", metavar="RUN", help="run directory of the pipeline, or .keras file")
    parser.add_argument("file", type=Path, metavar="NAME.tflite")
    parser.add_argument("--float32", action="store_true", help="store weights in full precision")
    arguments = parser.parse_args()
    print(json.dumps(export_scenes(arguments.source, arguments.file, not arguments.float32), indent=2))


if __name__ == "__main__":
    main()
