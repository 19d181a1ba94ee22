"""CycleGAN: translation between two sets of pictures without pairs.

    python training/cyclegan.py --data SETS --out RUN

is `keras-stylegan train cyclegan` with the same arguments. Zhu et al. 2017: two ResNet-9, patches of 70 pixels, least
squares, cycle 10, identity 5, a history of 50 pictures, Adam 2e-4 with beta 1 0.5, batches of one, 100 epochs and 100
more down to 0. SETS holds `A/` and `B/`, or `trainA/` and `trainB/`; or `--data A --data-b B`. WGAN-GP instead:
`--set loss=wasserstein --set penalty_weight=10 --set critic_normalization=none --set adversarial_weight=1`.
A critic may look through a classifier as in `pix2pix.py`. `keras-stylegan train cyclegan_small` is sized for two cores:
about 0.6 s of one core a step of two pictures. A run warns of translators that make negatives or one picture for all.
`benchmarks/translation_training.py` trains it on unpaired sets and scores it on pictures held out, before and after.
"""

import sys

from keras_stylegan.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", "cyclegan", *sys.argv[1:]]))
