"""The predictor of styles: any picture to a style vector of the packaged network.

    python training/style_predictor.py --content PHOTOGRAPHS --styles PAINTINGS --out RUN

is `keras-stylegan train style_predictor` with the same arguments. Paintings named after packaged styles teach known
vectors; blends, recoloured crops, procedural textures and photographs teach the rest. `export/package_predictor.py`
turns a run into `assets/weights/style_predictor.tflite`, which `--style-image` needs.
"""

import sys

from keras_stylegan.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", "style_predictor", *sys.argv[1:]]))
