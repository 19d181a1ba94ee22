"""The packaged multi-style network: 40 styles in one network of 0.81 M parameters.

    python training/multistyle.py --content PHOTOGRAPHS --styles PAINTINGS --out RUN

is `keras-stylegan train multistyle` with the same arguments. Cost: about 10 images a second on two CPU cores, so the
preset's 300 kimg take under nine hours. The weights that ship saw 369 kimg in ten such runs, the first six in
crops of 160 pixels, the last 15 kimg against a critic; their figures, and the commands that made them, stand in
`assets/weights/multistyle.md`.
`export/package_multistyle.py` turns a run into those files.
"""

import sys

from keras_stylegan.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", "multistyle", *sys.argv[1:]]))
