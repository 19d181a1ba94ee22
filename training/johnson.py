"""Johnson's feed-forward network: the baseline of the multi-style recipe, one network for one style.

    python training/johnson.py --content PHOTOGRAPHS --styles FOLDER --out RUN

is `keras-stylegan train johnson` with the same arguments; FOLDER holds one picture. Losses, data and run are those of
`multistyle.py`, so the two networks can be compared: 1.68 million parameters for one style here, 0.81 million for forty
there. Not trained here: about a quarter of the bank's speed on two CPU cores.
"""

import sys

from keras_stylegan.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", "johnson", *sys.argv[1:]]))
