"""Turns a finished multistyle run into the files that the package ships.

    python export/package_multistyle.py RUN --photographs DIR

writes `assets/weights/multistyle.{tflite,npz,md}` and the entry `multistyle` of `assets/manifest.json`. DIR holds
photographs that were not trained on; every style is painted on each for the artefact probes.
"""

import argparse
import json
from pathlib import Path

from keras_stylegan.exporters.packaging import package_multistyle

ROOT = Path(__file__).resolve().parents[1]
DATA = (
    "316 photographs of BSDS500, 20 of Wikimedia Commons, 6 of image-library samples; 38 paintings and prints in the "
    "public domain and two frames of Big Buck Bunny; perceptual network: VGG-19 pruned 16 times (Collaborative "
    "Distillation, MIT)."
)
LICENCE = (
    "Apache-2.0 for what is ours; trained in part on BSDS500 photographs, research data: no warranty of commercial "
    "use. The styles cartoon_big_buck_bunny_* were learnt from frames of Big Buck Bunny, (c) Blender Foundation, "
    "www.bigbuckbunny.org, CC BY 3.0. See assets/weights/LICENSE."
)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("--photographs", type=Path, required=True, metavar="DIR")
    parser.add_argument("--assets", type=Path, default=ROOT / "assets", metavar="DIR")
    arguments = parser.parse_args()
    styles = json.loads((ROOT / "training" / "multistyle_styles.json").read_text(encoding="utf-8"))
    entry = package_multistyle(arguments.run, arguments.assets, styles, DATA, LICENCE, arguments.photographs)
    shown = ("litert", "recipe", "images_seen", "losses", "artefacts", "parity")
    print(json.dumps({key: entry[key] for key in shown}, indent=2))


if __name__ == "__main__":
    main()
