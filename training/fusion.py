"""The fusion network: regions of one picture put into another under its light and colours.

    python training/fusion.py --content PHOTOGRAPHS --out RUN

is `keras-stylegan train fusion` with the same arguments. On two cores it pays to begin on small crops, with the error
in the regions alone, some 100 images a second, and to go on with what that learnt (`--from FIRST`):

    ... --out FIRST --set critic_weight=0 --set perceptual_weight=0 --set content_short_side=200 --set crop_size=64 \
        --set batch_size=16 --set learning_rate=0.0005 --set kimg=36
    ... --out RUN --from FIRST --set critic_weight=0 --set perceptual_weight=0 --set content_short_side=200 \
        --set kimg=24

are what the packaged network saw. `export/package_fusion.py` turns a run into the packaged files, and
`benchmarks/fusion.py` compares it with classical blends on photographs and changes that it has not seen.
"""

import sys

from keras_stylegan.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", "fusion", *sys.argv[1:]]))
