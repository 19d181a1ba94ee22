"""The original GAN: the minimax loss, with the networks of DCGAN.

    python training/gan.py --data PICTURES --out RUN

is `keras-stylegan train gan` with the same arguments. Goodfellow et al. 2014, equation 1. Expect its generator to
starve while the critic wins; `dcgan` is its remedy.
"""

import sys

from keras_stylegan.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", "gan", *sys.argv[1:]]))
