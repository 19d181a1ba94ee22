"""`keras-stylegan evaluate path-length`: how smoothly a generator's pictures change between latents."""

from __future__ import annotations

import argparse

from keras_stylegan.commands.reports import add_report_arguments, check_report, report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--from",
        dest="source",
        metavar="SOURCE",
        default="scenes",
        help="run directory, .keras file, or packaged generator (default: %(default)s)",
    )
    parser.add_argument("--class", dest="label", metavar="NAME", help="class (default: all in turns)")
    parser.add_argument("--paths", type=int, default=1000, metavar="N", help="number of paths (default: %(default)s)")
    parser.add_argument("--space", metavar="NAME", help="w or z (default: w of style-based generators, z of others)")
    parser.add_argument("--sampling", default="end", metavar="NAME", help="end or full (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="first seed (default: %(default)s)")
    add_report_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    from keras_stylegan.commands.silence import silence

    check_report(arguments)
    if arguments.seed < 0:
        raise ValueError(f"`--seed` must not be negative. Received: {arguments.seed}")
    with silence():
        from keras_stylegan.evaluation import evaluate_path_length
        from keras_stylegan.inference.generator import open_generator

        generator = open_generator(arguments.source, "keras")
        evaluation = evaluate_path_length(
            generator, arguments.paths, arguments.space, arguments.sampling, arguments.label, arguments.seed
        )
    return report(evaluation, arguments)
