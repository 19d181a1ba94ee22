"""One translator for several domains, under a style of noise or of a reference picture.

    python training/multidomain.py --data DOMAINS --out RUN

is `keras-stylegan train multidomain` with the same arguments; DOMAINS has a folder of pictures for each domain. Choi et
al. 2020 (StarGAN v2): 256x256 pixels, batches of 8, 100,000 steps, Adam 1e-4 with betas 0 and 0.99, R1 with gamma 1.
`keras-stylegan train multidomain_small` is sized for two cores: about 0.6 s of one core a step of four pictures.
`benchmarks/translation_training.py` trains it on domains of several sets, and `benchmarks/domain_quality.py` measures
domain accuracy and diversity on pictures held out.
"""

import sys

from keras_stylegan.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", "multidomain", *sys.argv[1:]]))
