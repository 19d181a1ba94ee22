"""Turns a finished run of the style predictor into the file that the package ships.

    python export/package_predictor.py RUN

writes assets/weights/style_predictor.tflite and what the manifest says of it.
"""

from keras_stylegan.exporters.package_arguments import LICENCE, package_arguments, show
from keras_stylegan.exporters.predictor import package_predictor


def main():
    given = package_arguments(__file__, __doc__)
    entry = package_predictor(given.run, given.assets, LICENCE)
    show(entry, list(entry))


if __name__ == "__main__":
    main()
