"""Turns a finished fusion run into the files that the package ships.

    python export/package_fusion.py RUN --photographs DIR

writes `assets/weights/fusion.{tflite,npz,md}` and the entry `fusion` of `assets/manifest.json`. DIR holds photographs
that were not trained on: LiteRT is compared with Keras on them, and the table of `benchmarks/fusion.py` made.
"""

from keras_stylegan.evaluation.folders import list_pictures
from keras_stylegan.evaluation.fusion import evaluate_blends, harmonization_cases
from keras_stylegan.evaluation.style import read_pictures
from keras_stylegan.exporters.fusion import package_fusion
from keras_stylegan.exporters.package_arguments import LICENCE, PHOTOGRAPHS, package_arguments, show
from keras_stylegan.inference.fusion_runtimes import open_fusion

DATA = (
    f"{PHOTOGRAPHS}, with regions changed by the families of keras_stylegan.data.shifts; perceptual network: compact."
)


def main():
    given = package_arguments(__file__, __doc__, "photographs")
    cases = harmonization_cases(read_pictures(list_pictures(given.photographs, "--photographs"), 256))
    table = evaluate_blends(cases, open_fusion(given.run)).tables["Masked PSNR by family"]
    scores = {
        family: {blend: round(cells[family]["mean"], 2) for blend, cells in table.items()}
        for family in next(iter(table.values()))
    }
    pairs = [(case.source, case.target, case.mask[..., None]) for case in cases[:4]]
    entry = package_fusion(given.run, given.assets, DATA, LICENCE, pairs, scores)
    show(entry, ("litert", "recipe", "images_seen", "parity", "scores"))


if __name__ == "__main__":
    main()
