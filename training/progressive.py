"""Progressive growing: 4x4 first, each further size faded in.

    python training/progressive.py --data PICTURES --out RUN

is `keras-stylegan train progressive` with the same arguments. Karras et al. 2018: WGAN-GP with drift, Adam 1e-3 with
betas 0 and 0.99, equalised learning rates. The graph is that of the full size from the start.
"""

import sys

from keras_stylegan.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", "progressive", *sys.argv[1:]]))
