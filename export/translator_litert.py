"""Writes a trained translator as one LiteRT file for every picture size.

    python export/translator_litert.py RUN NAME.tflite [--direction b_to_a] [--float32]

writes NAME.tflite and NAME.json beside it; `keras-stylegan translate PHOTO --model NAME.tflite -o OUT` runs it.
"""

import argparse
import json
from pathlib import Path

from keras_stylegan.exporters.translators import export_translator


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", metavar="RUN", help="run directory of a translator, or .keras file")
    parser.add_argument("file", type=Path, metavar="NAME.tflite")
    parser.add_argument("--direction", metavar="WAY", help="of a run that learnt both ways: a_to_b or b_to_a")
    parser.add_argument("--float32", action="store_true", help="store weights in full precision")
    arguments = parser.parse_args()
    facts = export_translator(arguments.source, arguments.file, arguments.direction, not arguments.float32)
    print(json.dumps(facts, indent=2))


if __name__ == "__main__":
    main()
