"""`keras-stylegan evaluate fusion`: fused pictures against the truth, or the blends on synthetic pairs."""

from __future__ import annotations

import argparse

from keras_stylegan.commands.reports import add_report_arguments, check_absent, check_at_least, check_report, report

SIZE = 256


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--fused", metavar="DIR", help="fused pictures")
    add("--truth", metavar="DIR", help="the pictures that they should be, by the same names")
    add("--masks", metavar="DIR", help="white where something was put in, by the same names")
    add("--content", metavar="DIR", help="photographs instead: their regions are changed and blended back")
    add("--families", metavar="NAMES", help="of changes, with commas between (default: all)")
    add("--size", type=int, metavar="PIXELS", help=f"shorter side of --content (default: {SIZE})")
    add("--gan", action="store_true", help="with --content, the packaged fusion network beside the classical blends")
    add("--from", dest="run", metavar="RUN", help="likewise, the fusion network of this run")
    add("--band", type=int, default=4, metavar="PIXELS", help="half width of the band along edges (default: 4)")
    add_report_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    check_report(arguments)
    check_at_least(arguments, band=1, size=32)
    folders = ("fused", "truth", "masks")
    if arguments.content is not None and any(getattr(arguments, name) for name in folders):
        raise ValueError("`--content` must stand alone: its truth is known. Received: --fused, --truth or --masks too")
    if arguments.content is None:
        check_absent(arguments, "is of `--content`", "families", "size", "gan", "from")
    for name in folders:
        if arguments.content is None and getattr(arguments, name) is None:
            raise ValueError(f"`--{name}` must name a folder of pictures. Received nothing")
    from keras_stylegan.commands.progress import progress_bar
    from keras_stylegan.commands.silence import silence

    with silence() as heard, progress_bar("blending", file=heard) as tell:
        evaluation = _folders(arguments) if arguments.content is None else _photographs(arguments, tell)
    return report(evaluation, arguments)


def _photographs(arguments, report):
    from keras_stylegan.data.shifts import SHIFTS
    from keras_stylegan.evaluation.folders import list_pictures
    from keras_stylegan.evaluation.fusion import evaluate_blends, harmonization_cases
    from keras_stylegan.evaluation.style import read_pictures
    from keras_stylegan.inference.fusion_runtimes import open_fusion

    families = list(SHIFTS)
    if arguments.families is not None:
        families = list(dict.fromkeys(name for name in arguments.families.split(",") if name))
    unknown = [name for name in families if name not in SHIFTS]
    if unknown or not families:
        raise ValueError(f"`--families` must be among {', '.join(SHIFTS)}. Received: {arguments.families}")
    network = open_fusion(arguments.run) if arguments.gan or arguments.run else None
    photographs = read_pictures(list_pictures(arguments.content, "--content"), arguments.size or SIZE)
    return evaluate_blends(harmonization_cases(photographs, families), network, band=arguments.band, report=report)


def _folders(arguments):
    import numpy as np

    from keras_stylegan.evaluation.folders import choose, list_pictures
    from keras_stylegan.evaluation.fusion import evaluate_fused
    from keras_stylegan.inference import read_picture
    from keras_stylegan.inference.regions import read_mask

    fused = list_pictures(arguments.fused, "--fused")
    truth = choose(list_pictures(arguments.truth, "--truth"), fused, "--truth")
    masks = choose(list_pictures(arguments.masks, "--masks"), fused, "--masks")

    def triples():
        for name in fused:
            picture, right = (read_picture(files[name]) for files in (fused, truth))
            mask = read_mask(masks[name], picture)
            yield name, np.asarray(picture.photo), np.asarray(right.photo), np.asarray(mask) > 127

    return evaluate_fused({"fused": triples()}, arguments.band)
