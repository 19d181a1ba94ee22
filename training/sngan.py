"""SNGAN on the 32x32 residual network: spectral normalisation and the hinge loss.

    python training/sngan.py --data PICTURES --out RUN

is `keras-stylegan train sngan` with the same arguments. Miyato et al. 2018: Adam 2e-4 with betas 0 and 0.9, linear
decay, five critic updates to one; 100,000 generator updates on batches of 64 reach FID 16.8 on CIFAR-10 elsewhere
(mimicry).
"""

import sys

from keras_stylegan.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", "sngan", *sys.argv[1:]]))
