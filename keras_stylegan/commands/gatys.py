"""`keras-stylegan gatys`: stylises one photograph by optimisation, in any style pictures."""

import argparse
import math
import os
import time

from keras_stylegan.commands.outputs import add_provenance
from keras_stylegan.provenance import STYLIZED

COLORS = ("style", "luma", "match")
SMALLEST = 16  # pixels: below, the deepest features of the style loss have no size


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    add = parser.add_argument
    add("photo", help="photograph to paint")
    add("-o", "--output", required=True, metavar="OUT", help="picture to write (.png, .jpg, ...)")
    add("--style", action="append", required=True, metavar="FILE[=W]", help="style picture and its weight; may repeat")
    add(
        "--mask",
        action="append",
        default=[],
        metavar="FILE",
        help="white where to paint, black where the photograph stays: one for all styles, or one for each in order",
    )
    add("--steps", type=int, default=400, help="optimisation steps (default: 400)")
    add("--size", type=int, default=512, help="longer side of the result at most, pixels (default: 512)")
    add("--optimizer", choices=("adam", "lbfgs"), default="adam", help="default: adam")
    add("--network", default="compact", help="compact, vgg16, vgg19 or an .npz weight file (default: compact)")
    add("--color", choices=COLORS, default="style", help="colours of the style, of the photograph (luma), or matched")
    add("--style-weight", type=float, default=20.0, metavar="W", help="style against content (default: 20)")
    add("--tv-weight", type=float, default=0.75, metavar="W", help="smoothness (default: 0.75)")
    add_provenance(parser, STYLIZED)


def run(arguments: argparse.Namespace) -> int:
    """Paints the photograph; returns the exit code. What can be wrong is checked before a backend is loaded."""
    from keras_stylegan.commands.outputs import check_output
    from keras_stylegan.commands.progress import progress_bar
    from keras_stylegan.commands.silence import silence, standard_error, start_keras
    from keras_stylegan.inference.images import over_white, read_picture
    from keras_stylegan.inference.regions import read_mask
    from keras_stylegan.inference.saving import write_picture

    _check(arguments)
    chosen = [parse_style(text) for text in arguments.style]
    _check_pictures([path for path, _ in chosen])
    inputs = [arguments.photo, *(path for path, _ in chosen), *arguments.mask]
    check_output(arguments.output, {os.path.realpath(path) for path in inputs})
    if sum(weight for _, weight in chosen) <= 0:
        raise ValueError(f"`--style` needs a weight above 0. Received: {' '.join(arguments.style)}")
    with silence():
        source = read_picture(arguments.photo)
        paintings = [(over_white(read_picture(path)), weight) for path, weight in chosen]
        masks = [read_mask(path, source) for path in arguments.mask]
    with standard_error() as heard, progress_bar("painting", arguments.steps, heard) as report:
        start_keras()
        from keras_stylegan.inference.optimization import paint_by_optimization

        start = time.perf_counter()
        result, losses = paint_by_optimization(
            source.photo,
            paintings,
            masks,
            size=arguments.size,
            color=arguments.color,
            network=arguments.network,
            steps=arguments.steps,
            optimizer=arguments.optimizer,
            style_weight=arguments.style_weight,
            tv_weight=arguments.tv_weight,
            report=report,
        )
    write_picture(source.dress(result), arguments.output, arguments.source_type)
    seconds = time.perf_counter() - start
    print(f"{arguments.output}: {len(losses)} steps in {seconds:.1f} s, loss {losses[0]:.3f} -> {losses[-1]:.3f}")
    return 0


def parse_style(text: str) -> tuple[str, float]:
    """`FILE=W` as a path and a weight; the name of an existing file, or one without `=`, has the weight 1.

    Raises:
        ValueError: for a weight that is not a finite number of at least 0.
    """
    path, separator, weight = text.rpartition("=")
    if not separator or os.path.exists(text):
        return text, 1.0
    try:
        value = float(weight)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"`--style` must be FILE or FILE=W with a finite weight of at least 0. Received: {text}")
    return path, value


def _check_pictures(paths: list[str]) -> None:
    """ValueError for a packaged style, which is a name for `stylize` and no picture."""
    from keras_stylegan.pretrained import network_entry

    names = {style["name"] for style in network_entry("multistyle")["styles"]}
    for path in paths:
        if path in names and not os.path.exists(path):
            raise ValueError(f"`--style` must be a picture file; `stylize` paints in packaged styles. Received: {path}")


def _check(arguments: argparse.Namespace) -> None:
    for name, least in (("steps", 1), ("size", SMALLEST)):
        if getattr(arguments, name) < least:
            raise ValueError(f"`--{name}` must be at least {least}. Received: {getattr(arguments, name)}")
    for name in ("style_weight", "tv_weight"):
        value = getattr(arguments, name)
        if not (math.isfinite(value) and value >= 0):
            raise ValueError(f"`--{name.replace('_', '-')}` must be finite and at least 0. Received: {value}")
    if len(arguments.mask) not in (0, 1, len(arguments.style)):
        raise ValueError(f"`--mask` must be given once, or once for each style. Received: {len(arguments.mask)} masks")
