"""`keras-stylegan evaluate fusion`: fused pictures against the truth, or the blends on synthetic pairs."""

from __future__ import annotations

import argparse

from keras_stylegan.commands.reports import add_report_arguments, check_at_least, check_report, report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--fused", metavar="DIR", help="fused pictures")
    add("--truth", metavar="DIR", help="the pictures that they should be, by the same names")
    add("--masks", metavar="DIR", help="white where something was put in, by the same names")
    add("--band", type=int, default=4, metavar="PIXELS", help="half width of the band along edges (default: 4)")
    add_report_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    check_report(arguments)
    check_at_least(arguments, band=1)
    for name in ("fused", "truth", "masks"):
        if getattr(arguments, name) is None:
            raise ValueError(f"`--{name}` must name a folder of pictures. Received nothing")
    from keras_stylegan.commands.silence import silence

    with silence():
        evaluation = _folders(arguments)
    return report(evaluation, arguments)


def _folders(arguments):
    import numpy as np

    from keras_stylegan.evaluation.folders import choose, list_pictures
    from keras_stylegan.evaluation.fusion import evaluate_fused
    from keras_stylegan.inference import read_picture

    fused = list_pictures(arguments.fused, "--fused")
    truth = choose(list_pictures(arguments.truth, "--truth"), fused, "--truth")
    masks = choose(list_pictures(arguments.masks, "--masks"), fused, "--masks")

    def triples():
        for name in fused:
            picture, right, mask = (read_picture(files[name]).photo for files in (fused, truth, masks))
            yield name, np.asarray(picture), np.asarray(right), np.asarray(mask.convert("L")) > 127

    return evaluate_fused({"fused": triples()}, arguments.band)
