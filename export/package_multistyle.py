"""Turns a finished multistyle run into the files that the package ships.

    python export/package_multistyle.py RUN --photographs DIR

writes `assets/weights/multistyle.{tflite,npz,md}` and the entry `multistyle` of `assets/manifest.json`. DIR holds
photographs that were not trained on; every style is painted on each for the artefact probes.
"""

import json
from pathlib import Path

from keras_stylegan.exporters.package_arguments import PHOTOGRAPHS, package_arguments, show
from keras_stylegan.exporters.packaging import package_multistyle
from keras_stylegan.run_records import read_config

STYLES = Path(__file__).resolve().parents[1] / "training" / "multistyle_styles.json"
DATA = (
    f"{PHOTOGRAPHS}; {{paintings}} paintings and prints in the public domain and {{frames}} frames of Big Buck Bunny; "
    "perceptual network: VGG-19 pruned 16 times (Collaborative Distillation, MIT)."
)
LICENCE = (
    "Apache-2.0 for what is ours; trained in part on BSDS500 photographs, research data: no warranty of commercial "
    "use. The styles cartoon_big_buck_bunny_* were learnt from frames of Big Buck Bunny, (c) Blender Foundation, "
    "www.bigbuckbunny.org, CC BY 3.0. See assets/weights/LICENSE."
)


def main():
    given = package_arguments(__file__, __doc__, "photographs")
    styles = json.loads(STYLES.read_text(encoding="utf-8"))
    trained = read_config(given.run)["facts"]["styles"]
    frames = sum(name.startswith("cartoon_big_buck_bunny") for name in trained)
    data = DATA.format(paintings=len(trained) - frames, frames=frames)
    entry = package_multistyle(given.run, given.assets, styles, data, LICENCE, given.photographs)
    show(entry, ("litert", "recipe", "images_seen", "losses", "artefacts", "parity"))


if __name__ == "__main__":
    main()
