"""StyleGAN: a mapping network, AdaIN, noise and style mixing, grown size by size.

    python training/stylegan.py --data PICTURES --out RUN

is `keras-stylegan train stylegan` with the same arguments. Karras et al. 2019, non-saturating loss with R1.
`stylegan2` is its better successor.
"""

import sys

from keras_stylegan.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", "stylegan", *sys.argv[1:]]))
