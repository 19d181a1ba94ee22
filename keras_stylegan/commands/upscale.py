"""`keras-stylegan upscale`: four times the height and width, by a trained network; one picture or many."""

import argparse

from keras_stylegan.commands import each_picture
from keras_stylegan.provenance import STYLIZED


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    each_picture.add_arguments(parser, STYLIZED)
    parser.add_argument(
        "--model", metavar="FILE|RUN", help="LiteRT file or run directory of a network of `train super_resolution`"
    )


def run(arguments: argparse.Namespace) -> int:
    """Enlarges the pictures; returns the exit code."""
    from keras_stylegan.commands.batch import plan
    from keras_stylegan.commands.silence import silence
    from keras_stylegan.inference.images import MAX_PIXELS
    from keras_stylegan.inference.upscaler import open_upscaler

    each_picture.check_arguments(arguments)
    jobs, is_batch = plan(arguments.inputs, arguments.output)
    with silence():
        upscaler = open_upscaler(arguments.model)

    def enlarge(picture):
        result = upscaler.upscale(picture, arguments.max_pixels or MAX_PIXELS)
        return each_picture.within(result, arguments.max_size), {"model": arguments.model or "packaged"}

    return each_picture.work_through(jobs, is_batch, enlarge, arguments)
