"""Writes a network as one LiteRT (TFLite) file for a phone or a browser, and measures it against Keras.

    python export/to_tflite.py multistyle multistyle.tflite --size 512x512 --quantize int8

The same as `keras-stylegan export NAME|RUN --format tflite --out FILE`. `export/mobile/README.md` says what the tensors
of the file are.
"""

import argparse

from keras_stylegan.exporters.tflite import add_arguments, export_from_arguments


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", metavar="NAME|RUN", help="packaged network, run directory, or .keras file")
    parser.add_argument("out", metavar="FILE", help="file to write, which ends in .tflite")
    add_arguments(parser)
    print(export_from_arguments(parser.parse_args()))


if __name__ == "__main__":
    main()
