"""`keras-stylegan evaluate style`: scores of a stylisation, with doing nothing and optimisation as the two ends."""

from __future__ import annotations

import argparse

from keras_stylegan.commands.reports import add_report_arguments, check_absent, check_at_least, check_report, report

SMALLEST = 64  # pixels: the probe for checkerboards needs as many


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--content", metavar="DIR", required=True, help="folder of photographs")
    add("--styles", metavar="DIR", required=True, help="folder of style pictures, named after the styles")
    add("--painted", metavar="DIR", help="paintings made elsewhere, as DIR/STYLE/PHOTOGRAPH; else the packaged network")
    add("--only", metavar="NAMES", help="styles, with commas between (default: all of --styles)")
    add("--photos", type=int, metavar="N", help="the first N photographs (default: all)")
    add("--size", type=int, default=256, metavar="PIXELS", help="shorter side of all pictures (default: 256)")
    add("--network", default="compact", help="who judges: compact, vgg16, vgg19 or an .npz file (default: compact)")
    add("--gatys-pairs", type=int, default=1, metavar="N", help="pairs painted by optimisation (default: 1)")
    add("--gatys-steps", type=int, default=200, metavar="N", help="steps of it (default: 200)")
    add("--stability", type=int, metavar="N", help="photographs for the stability table (default: 1)")
    add("--seed", type=int, default=0, help="of crops, noise and intervals (default: 0)")
    add_report_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    from keras_stylegan.commands.progress import progress_bar
    from keras_stylegan.commands.silence import silence

    check_report(arguments)
    check_at_least(arguments, photos=1, size=SMALLEST, gatys_pairs=0, gatys_steps=1, stability=0, seed=0)
    if arguments.painted is not None:
        check_absent(arguments, "needs the network, and `--painted` has paintings alone", "stability")
    stability = 1 if arguments.stability is None else arguments.stability
    with silence() as heard, progress_bar("judging", file=heard) as tell:
        evaluation = _evaluate(arguments, stability, tell)
    return report(evaluation, arguments)


def _evaluate(arguments, stability, report):
    import itertools
    import pathlib

    from keras_stylegan.evaluation.folders import choose, folder_painter, list_pictures
    from keras_stylegan.evaluation.style import StyleSettings, evaluate_styles, read_pictures

    photographs = list_pictures(arguments.content, "--content")
    photographs = read_pictures(dict(itertools.islice(photographs.items(), arguments.photos)), arguments.size)
    styles = list_pictures(arguments.styles, "--styles")
    if arguments.only is not None:
        styles = choose(styles, [name for name in arguments.only.split(",") if name], "--styles")
    if len(styles) < 2:
        raise ValueError(f"`--styles` must hold at least two styles to tell apart. Received: {len(styles)}")
    paintings = read_pictures(styles, arguments.size)
    network = None
    if arguments.painted is None:
        from keras_stylegan.commands.network import load_network

        network = load_network()
        for style in paintings:
            network.check(style)
    else:
        painter = folder_painter(arguments.painted, photographs, paintings)
    from keras_stylegan import evaluation
    from keras_stylegan.evaluation import painters
    from keras_stylegan.inference import load
    from keras_stylegan.metrics import TransferDistances
    from keras_stylegan.networks import build_perceptual

    distances = TransferDistances(build_perceptual(arguments.network), pathlib.Path(arguments.network).stem)
    settings = StyleSettings(
        gatys_pairs=arguments.gatys_pairs,
        gatys_steps=arguments.gatys_steps,
        stability_photographs=stability,
        tile=min(128, arguments.size // 2),
        seed=arguments.seed,
    )
    gradient = None
    if network is not None:
        painter = painters.network_painter(network)
        gradient = painters.painting_gradient(load(runtime="keras")) if stability else None
    optimize = painters.optimizing_painter(paintings, arguments.gatys_steps) if arguments.gatys_pairs else None
    made: evaluation.Evaluation = evaluate_styles(
        painter,
        photographs,
        paintings,
        distances,
        optimize,
        gradient,
        settings,
        disturbable=network is not None,
        report=report,
    )
    return made
