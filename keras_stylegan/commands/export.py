"""`keras-stylegan export`: a trained network as files for servers and devices."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from keras_stylegan.exporters import tflite


class Format(NamedTuple):
    """A row of `FORMATS`.

    Attributes:
        add_arguments: adds the options that only this format has to a group of the parser, with None as default.
        export: writes what the parsed arguments name, calls a function with what it does now, and returns what to say
            of what it wrote.
    """

    add_arguments: Callable
    export: Callable


def add_arguments(parser):
    parser.add_argument("source", metavar="NAME|RUN", help="packaged network, run directory, or .keras file")
    parser.add_argument("--format", required=True, choices=FORMATS, help="what to write")
    parser.add_argument("--out", required=True, metavar="PATH", help="where to write it")
    for name, row in FORMATS.items():
        group = parser.add_argument_group(f"--format {name}")
        row.add_arguments(group)


def run(arguments) -> int:
    from keras_stylegan.commands.progress import progress_bar
    from keras_stylegan.commands.silence import silence

    _check_options(arguments)
    with silence() as heard, progress_bar("exporting", file=heard) as tell:
        written = FORMATS[arguments.format].export(arguments, lambda what: tell(what=what))
    print(written)
    return 0


def _check_options(arguments):
    """ValueError for an option of another format, which would have no effect."""
    import argparse

    for name, row in FORMATS.items():
        if name == arguments.format:
            continue
        parser = argparse.ArgumentParser()
        row.add_arguments(parser)
        for option in vars(parser.parse_args([])):
            if getattr(arguments, option) is not None:
                raise ValueError(f"`--{option.replace('_', '-')}` belongs to `--format {name}`")


def _saved_model_arguments(group):
    group.add_argument("--version", type=int, metavar="N", help="by default the one after the greatest in --out")
    group.add_argument("--predictor", metavar="RUN", help="run of a style predictor for the network, for predict_style")


def _export_saved_model(arguments, report):
    from keras_stylegan.exporters.saved_model import export_saved_model

    written = export_saved_model(arguments.source, arguments.out, arguments.version, arguments.predictor, report)
    lines = [
        str(written.path),
        f"signatures: {', '.join(written.signatures)}",
        f"difference from Keras, grey levels: {written.mean} in the mean, {written.greatest} at most",
    ]
    if not written.warmup:
        lines.append("no warm-up requests: they need `pip install 'keras_stylegan[serving]'`")
    return "\n".join(lines)


FORMATS = {
    "saved_model": Format(_saved_model_arguments, _export_saved_model),
    "tflite": Format(tflite.add_arguments, tflite.export_from_arguments),
}
