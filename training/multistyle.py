"""The packaged multi-style network: 40 styles in one network of 0.65 M parameters.

    python training/multistyle.py --content PHOTOGRAPHS --styles PAINTINGS --out RUN

is `keras-stylegan train multistyle` with the same arguments. Cost: about 14 images a second on two CPU cores, of which
the preset's 400 kimg take eight hours; strokes are distinct after 20 kimg. The figures of the weights that ship, and
the command that made them, stand in `assets/weights/multistyle.md`; `export/package_multistyle.py` turns a run into
those files.
"""

import sys

from keras_stylegan.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", "multistyle", *sys.argv[1:]]))
