"""Turns a finished run of the style predictor into the file that the package ships.

    python export/package_predictor.py RUN --data "342 photographs, 34 paintings, ..."

writes assets/weights/style_predictor.tflite and .npz, what the manifest says of them, and the network's model card.
"""

from keras_stylegan.exporters.package_arguments import LICENCE, package_arguments, show
from keras_stylegan.exporters.predictor import package_predictor


def main():
    given = package_arguments(__file__, __doc__, "data")
    entry = package_predictor(given.run, given.assets, given.data, LICENCE)
    show(entry, list(entry))


if __name__ == "__main__":
    main()
