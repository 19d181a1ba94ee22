"""Turns a finished fusion run into the files that the package ships.

    python export/package_fusion.py RUN --photographs DIR

writes `assets/weights/fusion.{tflite,npz,md}` and the entry `fusion` of `assets/manifest.json`. DIR holds photographs
that were not trained on: LiteRT is compared with Keras on them, and the table of `benchmarks/fusion.py` made.
"""

import argparse
import json
from pathlib import Path

from keras_stylegan.evaluation.folders import list_pictures
from keras_stylegan.evaluation.fusion import evaluate_blends, harmonization_cases
from keras_stylegan.evaluation.style import read_pictures
from keras_stylegan.exporters.fusion import package_fusion
from keras_stylegan.inference.fusion_runtimes import open_fusion

ROOT = Path(__file__).resolve().parents[1]
DATA = (
    "316 photographs of BSDS500, 20 of Wikimedia Commons, 6 of image-library samples, with regions changed by the "
    "families of keras_stylegan.data.shifts; perceptual network: compact."
)
LICENCE = (
    "Apache-2.0 for what is ours; trained in part on BSDS500 photographs, research data: no warranty of commercial "
    "use. See assets/weights/LICENSE."
)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("--photographs", type=Path, required=True, metavar="DIR")
    parser.add_argument("--assets", type=Path, default=ROOT / "assets", metavar="DIR")
    arguments = parser.parse_args()
    photographs = read_pictures(list_pictures(arguments.photographs, "--photographs"), 256)
    cases = harmonization_cases(photographs)
    table = evaluate_blends(cases, open_fusion(arguments.run)).tables["Masked PSNR by family"]
    scores = {
        family: {blend: round(cells[family]["mean"], 2) for blend, cells in table.items()}
        for family in next(iter(table.values()))
    }
    pairs = [(case.source, case.target, case.mask[..., None]) for case in cases[:4]]
    entry = package_fusion(arguments.run, arguments.assets, DATA, LICENCE, pairs, scores)
    print(json.dumps({key: entry[key] for key in ("litert", "recipe", "images_seen", "parity", "scores")}, indent=2))


if __name__ == "__main__":
    main()
