"""LSGAN: DCGAN's networks under least squares.

    python training/lsgan.py --data PICTURES --out RUN

is `keras-stylegan train lsgan` with the same arguments. Mao et al. 2017, equation 9.
"""

import sys

from keras_stylegan.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", "lsgan", *sys.argv[1:]]))
