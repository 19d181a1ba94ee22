"""The fusion network: regions of one picture put into another under its light and colours.

    python training/fusion.py --content PHOTOGRAPHS --out RUN

is `keras-stylegan train fusion` with the same arguments. `export/package_fusion.py` turns a run into the packaged
files, and `benchmarks/fusion.py` compares it with classical blends on photographs and changes that it has not seen.
"""

import sys

from keras_stylegan.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", "fusion", *sys.argv[1:]]))
