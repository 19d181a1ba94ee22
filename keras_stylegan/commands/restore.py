"""`keras-stylegan restore`: removes noise, fills holes or enlarges, by an untrained network fitted to the picture."""

import argparse
import time

from keras_stylegan.commands.outputs import add_provenance
from keras_stylegan.provenance import STYLIZED

TASKS = ("denoise", "inpaint", "upscale")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    add = parser.add_argument
    add("photo", help="photograph to restore")
    add("-o", "--output", required=True, metavar="OUT", help="picture to write (.png, .jpg, ...)")
    add("--task", choices=TASKS, default="denoise", help="noise, holes, or four times the size (default: denoise)")
    add("--mask", metavar="FILE", help="for inpaint: a picture of the same size, white where pixels are missing")
    add("--steps", type=int, default=1500, help="steps of the fit; too many bring noise back (default: 1500)")
    add("--seed", type=int, default=0, help="repeats a result (default: 0)")
    add_provenance(parser, STYLIZED)


def run(arguments: argparse.Namespace) -> int:
    """Restores the photograph; returns the exit code. What can be wrong is checked before a backend is loaded."""
    import os

    from keras_stylegan.commands.outputs import check_output
    from keras_stylegan.commands.progress import progress_bar
    from keras_stylegan.commands.silence import silence, start_keras
    from keras_stylegan.inference.images import read_picture
    from keras_stylegan.inference.regions import read_mask
    from keras_stylegan.inference.saving import write_picture

    if arguments.steps < 1:
        raise ValueError(f"`--steps` must be at least 1. Received: {arguments.steps}")
    if arguments.seed < 0:
        raise ValueError(f"`--seed` must not be negative. Received: {arguments.seed}")
    if (arguments.mask is not None) != (arguments.task == "inpaint"):
        raise ValueError(
            "`--mask` must be given with `--task inpaint`, and only there. "
            f"Received: task {arguments.task}, mask {arguments.mask or 'none'}"
        )
    inputs = [path for path in (arguments.photo, arguments.mask) if path is not None]
    check_output(arguments.output, {os.path.realpath(path) for path in inputs})
    with silence():
        source = read_picture(arguments.photo)
        mask = None if arguments.mask is None else read_mask(arguments.mask, source)
    start_keras()
    from keras_stylegan.inference.restoration import restore_photograph

    start = time.perf_counter()
    with progress_bar("restoring", arguments.steps) as report:
        result, losses = restore_photograph(
            source.photo, arguments.task, mask, arguments.steps, seed=arguments.seed, report=report
        )
    write_picture(source.dress(result), arguments.output, arguments.source_type)
    seconds = time.perf_counter() - start
    print(f"{arguments.output}: {len(losses)} steps in {seconds:.1f} s, loss {losses[0]:.4f} -> {losses[-1]:.4f}")
    return 0
