"""Turns a finished run of a GAN into the files that the package ships.

    python export/package_generator.py RUN --name scenes --data SENTENCE --licence SENTENCE [--scores FILE]

writes `assets/weights/NAME.{tflite,npz,md}` and the entry NAME of `assets/manifest.json`. FILE holds what
`keras-stylegan evaluate images --json` printed of its pictures. Then `keras-stylegan generate --from NAME` runs without
TensorFlow.
"""

from keras_stylegan.exporters.generators import package_generator
from keras_stylegan.exporters.package_arguments import package_arguments, show


def main():
    given = package_arguments(__file__, __doc__, "name", "data", "licence", "scores")
    show(package_generator(given.run, given.assets, given.name, given.data, given.licence, given.scores))


if __name__ == "__main__":
    main()
