"""Fusion against classical blends on photographs and changes that the network has not seen.

    python benchmarks/fusion.py --photographs DIR --size 192 [--from RUN] [--html REPORT.html]

Every photograph has a region changed by each family of `keras_stylegan.data.shifts`: those of training (colour, light,
saturation, style, blur, noise) and the held-out ones (tone, hue, haze, sepia), which no training uses. PSNR and SSIM of
the whole picture, PSNR in the region and in a band of four pixels along its edge, for copy and paste, feathering,
Laplacian pyramid, Poisson, OpenCV's seamlessClone where it is installed, and the fusion network: the packaged one, or
that of a run. Bars: masked PSNR at least 2 dB above the best other on colour and light, 1 dB on held-out families, and
no worse along the edge. With a `--working-size` below `--size` the network sees photographs small, as it does large
ones.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

import numpy as np
from record import record
from scipy import ndimage

from keras_stylegan.evaluation import evaluate_blends, harmonization_cases, write_report
from keras_stylegan.evaluation.folders import list_pictures
from keras_stylegan.evaluation.style import read_pictures
from keras_stylegan.inference.fusion_runtimes import open_fusion

OURS = "gan, poisson"
# It takes three pixels off the region all around, and beyond what is left the gradients of the target: those across the
# edge, between the truth outside and the source inside, would be the very step that is to go.
_EROSION = 3 + 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photographs", type=Path, required=True)
    parser.add_argument("--from", dest="run", type=Path, help="run of `keras-stylegan train fusion`")
    parser.add_argument("--size", type=int, default=256, help="shorter side of the photographs")
    parser.add_argument("--working-size", type=int, help="shorter side above which the network works on a smaller copy")
    parser.add_argument("--html", type=Path, help="report with pictures")
    arguments = parser.parse_args()
    photographs = read_pictures(list_pictures(arguments.photographs, "--photographs"), arguments.size)
    peers = opencv_blend()
    network = open_fusion(arguments.run)
    if arguments.working_size is not None:
        network = dataclasses.replace(network, working_size=arguments.working_size)
    evaluation = evaluate_blends(harmonization_cases(photographs), network, peers)
    if arguments.html:
        write_report(evaluation, arguments.html)
    print(evaluation.text())
    tables = {
        title: {blend: {key: round(cell["mean"], 3) for key, cell in cells.items()} for blend, cells in table.items()}
        for title, table in evaluation.tables.items()
    }
    sizes = {"size": arguments.size, "working_size": network.working_size}
    figures = {"photographs": len(photographs), **sizes, "margins": margins(tables), "tables": tables}
    record("fusion", figures, ("opencv-python-headless",) if peers else ())


def opencv_blend():
    """OpenCV's seamlessClone, for a picture and a mask of one size, or no blend where it is not installed.

    It solves for the bounding rectangle of the region and holds colours only along the rectangle's border, so a
    difference is shared out between the region and what is around it. `poisson`, as Pérez et al. have it, holds all
    that is around, and so comes out ahead: the less a region fills its rectangle, the more.
    """
    try:
        import cv2
    except ImportError:
        return {}

    def clone(source, target, mask):
        region = np.uint8(255) * ndimage.binary_dilation(mask > 0.5, np.ones((3, 3)), _EROSION)
        # It clones the bounding box of the mask about a point, and refuses one that touches the border.
        border = 2 + _EROSION
        source, target = (
            np.pad(a, ((border, border), (border, border), (0, 0)), mode="edge") for a in (source, target)
        )
        region = np.pad(region, border)
        rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
        centre = (int(columns[0] + columns[-1] + 1) // 2, int(rows[0] + rows[-1] + 1) // 2)
        fused = cv2.seamlessClone(source, target, region, centre, cv2.NORMAL_CLONE)
        return np.where(
            mask[..., None] > 0.5, fused[border:-border, border:-border], target[border:-border, border:-border]
        )

    return {"seamlessClone": clone}


def margins(tables):
    """Decibels by which the network, finished as by default, exceeds the best other blend."""
    by_family = tables["Masked PSNR by family"]
    others = [blend for blend in by_family if not blend.startswith("gan")]

    def margin(table, key):
        return round(table[OURS][key] - max(table[blend][key] for blend in others), 2)

    edges = {title: margin(table, "boundary PSNR") for title, table in tables.items() if title.startswith("All")}
    return {**{family: margin(by_family, family) for family in by_family[OURS]}, "edge": edges}


if __name__ == "__main__":
    main()
