"""pix2pix: translation learnt from pairs, L1 and a critic of patches that sees both pictures.

    python training/pix2pix.py --data PAIRS --out RUN

is `keras-stylegan train pix2pix` with the same arguments. Isola et al. 2017: U-Net-256, patches of 70 pixels, lambda
100, Adam 2e-4 with beta 1 0.5, batches of one, 200 epochs of 400 pairs. PAIRS holds pictures with A on the left and B
on the right, or `A/` and `B/`; or `--data A --data-b B`. `--set adversarial_weight=0` is the ablation with L1 alone.
`--set network=resnet50 --set backbone_weights=FILE` makes a classifier of keras.applications the encoder,
`--set critic=mobilenet --set critic_backbone_weights=FILE` lets the critic look through one. `keras-stylegan train
pix2pix_small` is sized for two cores: about 0.4 s of one core a step of four pictures, so 40 kimg take an hour of it.
`benchmarks/translation_training.py` trains it, and L1 alone, on paired sets and scores both on pairs held out.
"""

import sys

from keras_stylegan.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", "pix2pix", *sys.argv[1:]]))
