"""StyleGAN2-ADA: StyleGAN2 whose critic sees augmented pictures, as often as it overfits.

    python training/stylegan2_ada.py --data PICTURES --out RUN [--set key=value ...]

is `keras-stylegan train stylegan2_ada` with the same arguments: configuration paper256 of Karras et al. 2020, "Training
Generative Adversarial Networks with Limited Data", made for eight GPUs; `stylegan2_ada_cifar10` is that of CIFAR-10.
The probability p of an augmentation follows the sign of the critic's outputs on real pictures, at most 0.85; it is
logged as `augment/probability` and saved with every checkpoint. `--set augment=ada` or `diffaugment` does the same for
any other GAN:

    keras-stylegan train stylegan2_scenes --data scenes64_train.zip --out RUN --set augment=ada
"""

import sys

from keras_stylegan.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", "stylegan2_ada", *sys.argv[1:]]))
