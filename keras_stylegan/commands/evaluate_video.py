"""`keras-stylegan evaluate video`: how much paint flickers where the motion is known."""

from __future__ import annotations

import argparse
import os

from keras_stylegan.commands.reports import add_report_arguments, check_absent, check_at_least, check_report, report

FRAMES, SIZE = 4, 256


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--content", metavar="DIR", help="photographs over which a camera moves; painted by the packaged network")
    add("--style", metavar="NAMES", help="styles for --content, with commas between")
    add("--frames", type=int, metavar="N", help=f"frames of a clip of --content (default: {FRAMES})")
    add("--size", type=int, metavar="PIXELS", help=f"shorter side of --content (default: {SIZE})")
    add("--clip", metavar="DIR", action="append", default=[], help="frames painted elsewhere, in order; repeatable")
    add("--motion", metavar="X,Y", help="pixels to the right and down by which the scene of --clip moves a frame")
    add_report_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    from keras_stylegan.commands.progress import progress_bar
    from keras_stylegan.commands.silence import silence

    check_report(arguments)
    check_at_least(arguments, frames=2, size=96)
    if bool(arguments.clip) == bool(arguments.content):
        raise ValueError("either `--content` with `--style` or `--clip` with `--motion` must be given")
    for source, partner in (("content", "style"), ("clip", "motion")):
        if getattr(arguments, source) and not getattr(arguments, partner):
            raise ValueError(f"`--{partner}` must be given with `--{source}`. Received nothing")
        if getattr(arguments, partner) and not getattr(arguments, source):
            raise ValueError(
                f"`--{partner}` must be given with `--{source}` alone. Received: {getattr(arguments, partner)}"
            )
    if arguments.clip:
        check_absent(arguments, "is of `--content`", "frames", "size")
    if len({os.path.realpath(clip) for clip in arguments.clip}) < len(arguments.clip):
        raise ValueError(f"`--clip` must name every folder once. Received: {' '.join(arguments.clip)}")
    with silence() as heard, progress_bar("reading" if arguments.clip else "painting", file=heard) as tell:
        evaluation = _clips(arguments) if arguments.clip else _photographs(arguments, tell)
    return report(evaluation, arguments)


def _clips(arguments):
    import numpy as np

    from keras_stylegan.evaluation import evaluate_clips
    from keras_stylegan.evaluation.folders import list_pictures
    from keras_stylegan.inference import read_picture

    try:
        right, down = (float(number) for number in arguments.motion.split(","))
    except ValueError:
        raise ValueError(f"`--motion` must be two numbers, X,Y. Received: {arguments.motion}") from None
    if not np.isfinite([right, down]).all():
        raise ValueError(f"`--motion` must be finite. Received: {arguments.motion}")
    clips = {
        folder: [np.asarray(read_picture(file).photo) for file in list_pictures(folder, "--clip").values()]
        for folder in arguments.clip
    }
    return evaluate_clips(clips, right, down)


def _photographs(arguments, report):
    from keras_stylegan.commands.network import load_network
    from keras_stylegan.evaluation import evaluate_motion
    from keras_stylegan.evaluation.folders import list_pictures
    from keras_stylegan.evaluation.painters import network_painter
    from keras_stylegan.evaluation.style import read_pictures

    photographs = read_pictures(list_pictures(arguments.content, "--content"), arguments.size or SIZE)
    network, styles = load_network(), list(dict.fromkeys(name for name in arguments.style.split(",") if name))
    if not styles:
        raise ValueError(f"`--style` must name at least one style. Received: {arguments.style!r}")
    for style in styles:
        network.check(style)
    return evaluate_motion(network_painter(network), photographs, styles, arguments.frames or FRAMES, report=report)
