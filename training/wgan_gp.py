"""WGAN-GP: a gradient penalty between real and generated pictures, five critic updates to one.

    python training/wgan_gp.py --data PICTURES --out RUN

is `keras-stylegan train wgan_gp` with the same arguments. Gulrajani et al. 2017, algorithm 1: lambda 10, Adam 1e-4
with betas 0 and 0.9, no batch norm in the critic.
"""

import sys

from keras_stylegan.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", "wgan_gp", *sys.argv[1:]]))
