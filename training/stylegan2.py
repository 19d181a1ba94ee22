"""StyleGAN2: pictures from noise, by class or without classes, at any size.

    python training/stylegan2.py --data PICTURES --out RUN [--set key=value ...]

is `keras-stylegan train stylegan2` with the same arguments: the networks of 22.2 and 23.4 million parameters at 64x64,
made for a GPU. On two CPU cores take the preset of the scenes, which has a hundredth of the products:

    keras-stylegan train stylegan2_scenes_relativistic --data scenes64_train.zip --out RUN

A run may begin with one of smaller pictures, whose layers it takes over, so that only the last stage is new:

    keras-stylegan train stylegan2_scenes_relativistic --data scenes64_train.zip --out SMALL --set size=32,32
    keras-stylegan train stylegan2_scenes_relativistic --data scenes64_train.zip --out RUN --from SMALL
"""

import sys

from keras_stylegan.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", "stylegan2", *sys.argv[1:]]))
