"""Turns a finished run of a translator into the files that the package ships.

    python export/package_translator.py RUN --name frost --purpose SENTENCE --data SENTENCE --licence SENTENCE

writes `assets/weights/NAME.{tflite,md}` and the entry NAME of `assets/manifest.json`. Then `keras-stylegan translate
PHOTO --model NAME -o OUT` (of a run for several domains with `--domain`) runs without TensorFlow.
"""

from keras_stylegan.exporters.package_arguments import package_arguments, show
from keras_stylegan.exporters.translators import package_translator


def main():
    given = package_arguments(__file__, __doc__, "name", "purpose", "data", "licence", "direction")
    sentences = (given.name, given.purpose, given.data, given.licence)
    show(package_translator(given.run, given.assets, *sentences, given.direction))


if __name__ == "__main__":
    main()
