"""WGAN: the critic's weights clipped to 0.01, five critic updates to one of the generator.

    python training/wgan.py --data PICTURES --out RUN

is `keras-stylegan train wgan` with the same arguments. Arjovsky et al. 2017, algorithm 1: RMSprop 5e-5; batches of
320 are five critic updates on 64 pictures.
"""

import sys

from keras_stylegan.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", "wgan", *sys.argv[1:]]))
