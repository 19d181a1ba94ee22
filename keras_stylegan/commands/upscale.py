"""`keras-stylegan upscale`: four times the height and width, by a trained network."""

import argparse

from keras_stylegan.commands.outputs import add_provenance
from keras_stylegan.provenance import STYLIZED


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    add = parser.add_argument
    add("photo", help="picture to enlarge")
    add("-o", "--output", required=True, metavar="OUT", help="picture to write (.png, .jpg, ...)")
    add("--model", metavar="FILE|RUN", help="LiteRT file or run directory of a network of `train super_resolution`")
    add("--max-pixels", type=int, metavar="N", help="refuse larger results (default 178956970)")
    add_provenance(parser, STYLIZED)


def run(arguments: argparse.Namespace) -> int:
    """Enlarges the picture; returns the exit code."""
    import os
    import time

    from keras_stylegan.commands.outputs import check_output
    from keras_stylegan.commands.silence import silence
    from keras_stylegan.inference.images import MAX_PIXELS, read_picture
    from keras_stylegan.inference.saving import write_picture
    from keras_stylegan.inference.upscaler import open_upscaler

    if arguments.max_pixels is not None and arguments.max_pixels < 1:
        raise ValueError(f"`--max-pixels` must be at least 1. Received: {arguments.max_pixels}")
    check_output(arguments.output, {os.path.realpath(arguments.photo)})
    with silence():
        picture = read_picture(arguments.photo)
        upscaler = open_upscaler(arguments.model)
    start = time.perf_counter()
    result = upscaler.upscale(picture, arguments.max_pixels or MAX_PIXELS)
    seconds = time.perf_counter() - start
    write_picture(result, arguments.output, arguments.source_type)
    before, after = (f"{size[0]}x{size[1]}" for size in (picture.photo.size, result.size))
    print(f"{arguments.output}: {before} to {after} in {seconds:.1f} s")
    return 0
