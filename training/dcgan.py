"""DCGAN: transposed and strided convolutions with batch norm, the non-saturating loss.

    python training/dcgan.py --data PICTURES --out RUN

is `keras-stylegan train dcgan` with the same arguments. Radford et al. 2016. Adam 2e-4 with beta 1 0.5, batches of
64.
"""

import sys

from keras_stylegan.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", "dcgan", *sys.argv[1:]]))
