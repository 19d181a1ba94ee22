"""Super-resolution x4: degraded photographs to photographs, with a critic of patches.

    python training/super_resolution.py --data PHOTOGRAPHS --out PSNR --set perceptual_weight=0 --set critic_weight=0
    python training/super_resolution.py --data PHOTOGRAPHS --out RUN --from PSNR --set learning_rate=1e-4

is `keras-stylegan train super_resolution` with the same arguments. The first run, on pixels alone, gives the highest
PSNR; the second makes its network sharp. `benchmarks/super_resolution.py` scores both beside bicubic interpolation on
photographs that were not trained on; `export/package_upscaler.py` turns a run into the files of `keras-stylegan
upscale`.
"""

import sys

from keras_stylegan.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", "super_resolution", *sys.argv[1:]]))
