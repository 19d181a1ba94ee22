"""Turns a finished super-resolution run into the files that the package ships.

    python export/package_upscaler.py RUN --photographs DIR [--share 0.75]

writes `assets/weights/super_resolution.{tflite,md}` and the entry `super_resolution` of `assets/manifest.json`. DIR
holds photographs that were not trained on; they are made small, enlarged again and compared. With a share below 1, what
ships lies between the network that RUN began with, of pixels alone, and RUN's own.
"""

from keras_stylegan.exporters.package_arguments import LICENCE, PHOTOGRAPHS, package_arguments, show
from keras_stylegan.exporters.upscaler import package_upscaler


def main():
    given = package_arguments(__file__, __doc__, "photographs", share=1.0)
    entry = package_upscaler(given.run, given.assets, f"{PHOTOGRAPHS}.", LICENCE, given.photographs, given.share)
    show(entry, list(entry))


if __name__ == "__main__":
    main()
