"""Super-resolution x4: degraded photographs to photographs, with a critic of patches.

    keras-stylegan train super_resolution_pixels --data PHOTOGRAPHS --out PIXELS
    python training/super_resolution.py --data PHOTOGRAPHS --out RUN --from PIXELS

The first run, on pixels alone, gives the highest PSNR: an hour of two cores. The second, which is
`keras-stylegan train super_resolution` with the same arguments, makes its network sharp by a critic with R1, whose
weight grows with the first 2,000 pictures: half an hour.

`benchmarks/super_resolution.py` scores both beside bicubic interpolation on photographs that were not trained on.
`export/package_upscaler.py RUN --share 0.75` turns the second run into the file of `keras-stylegan upscale`, on the way
from the first; `upscale --model RUN` uses a run as it is.
"""

import sys

from keras_stylegan.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", "super_resolution", *sys.argv[1:]]))
