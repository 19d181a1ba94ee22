"""Super-resolution x4: degraded photographs to photographs, with a critic of patches.

    keras-stylegan train super_resolution_pixels --data PHOTOGRAPHS --out PIXELS
    python training/super_resolution.py --data PHOTOGRAPHS --out RUN --from PIXELS

The first run, on pixels alone, gives the highest PSNR, at 0.1 s of one core a step of eight pictures. The second, which
is `keras-stylegan train super_resolution` with the same arguments, is to make its network sharp, at 0.25 s, by features
and a critic with R1, whose weight grows with the first 4,000 pictures.

`benchmarks/super_resolution.py` scores both beside bicubic interpolation on photographs that were not trained on.
`export/package_upscaler.py` turns a run into the files of `keras-stylegan upscale`, and `upscale --model RUN` uses it
as it is.
"""

import sys

from keras_stylegan.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", "super_resolution", *sys.argv[1:]]))
