"""InfoGAN: codes that the pictures give back, found without labels.

    python training/infogan.py --data PICTURES --out RUN

is `keras-stylegan train infogan` with the same arguments. Chen et al. 2016: one categorical code of ten, two
continuous ones. `--set updates=simultaneous` trains both players jointly.
"""

import sys

from keras_stylegan.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", "infogan", *sys.argv[1:]]))
