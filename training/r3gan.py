"""R3GAN: the relativistic pair with R1 and R2, grouped inverted bottlenecks, every schedule as data.

    python training/r3gan.py --data PICTURES --out RUN

is `keras-stylegan train r3gan_small` with the same arguments. Huang et al. 2024. `r3gan_small` is sized for two
cores; the presets r3gan_cifar10, r3gan_ffhq64, r3gan_ffhq256, r3gan_imagenet32 and r3gan_imagenet64 are the paper's,
which trained CIFAR-10 for four days on eight GPUs.
"""

import sys

from keras_stylegan.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", "r3gan_small", *sys.argv[1:]]))
