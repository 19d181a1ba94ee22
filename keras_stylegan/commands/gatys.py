"""`keras-stylegan gatys`: stylises one photograph by optimisation, in any style pictures."""

import argparse
import math
import os
import pathlib
import time

import numpy as np
from PIL import Image

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


def run(arguments: argparse.Namespace) -> int:
    """Paints the photograph; returns the exit code. What can be wrong is checked before a backend is loaded."""
    from keras_stylegan.inference.colour import keep_chroma, match_colours
    from keras_stylegan.inference.images import read_picture
    from keras_stylegan.inference.saving import check_suffix, write_picture

    _check(arguments)
    check_suffix(arguments.output)
    chosen = [parse_style(text) for text in arguments.style]
    if sum(weight for _, weight in chosen) <= 0:
        raise ValueError(f"`--style` needs a weight above 0. Received: {' '.join(arguments.style)}")
    source = read_picture(arguments.photo)
    scale = min(1.0, arguments.size / max(source.photo.size))
    size = tuple(max(1, round(side * scale)) for side in source.photo.size)
    # Tiny pictures are enlarged for the work and come out in their own size.
    photo = _resize(source.photo, size)
    # Shorter sides are made equal, so that strokes have the size in the picture that they have in the painting.
    paintings = [read_picture(path).photo for path, _ in chosen]
    paintings = [_resize(image, _shorter_side(image.size, min(photo.size))) for image in paintings]
    if arguments.color == "match":  # before painting, so that the optimum itself has the photograph's colours
        paintings = [match_colours(painting, photo) for painting in paintings]
    styles = {f"style_{number}": _to_float(painting) for number, painting in enumerate(paintings, 1)}
    masks = [read_picture(path).photo.convert("L").resize(photo.size, Image.Resampling.BOX) for path in arguments.mask]
    masks = masks * len(styles) if len(masks) == 1 else masks
    masks = {name: np.asarray(mask, "float32") / 255 for name, mask in zip(styles, masks, strict=False)}
    # Styles that share a region share one unit of weight; with a region of its own each keeps the weight given.
    total = 1.0 if len(arguments.mask) > 1 else sum(weight for _, weight in chosen)
    weights = {name: weight / total for name, (_, weight) in zip(styles, chosen, strict=True)}

    start = time.perf_counter()
    picture, losses = _paint(arguments, _to_float(photo), styles, weights, masks)
    result = Image.fromarray(np.clip(np.rint((picture + 1) * 127.5), 0, 255).astype("uint8"))
    result = keep_chroma(result, photo) if arguments.color == "luma" else result
    result = result if result.size == size else result.resize(size, Image.Resampling.LANCZOS)
    write_picture(source.dress(result), arguments.output)
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
    if not pathlib.Path(arguments.output).absolute().parent.is_dir():
        raise ValueError(f"`--output` must lie in an existing folder. Received: {arguments.output}")


def _paint(arguments, content, styles, weights, masks):
    from rich.console import Console
    from rich.progress import Progress

    from keras_stylegan.models.gatys import GatysModel
    from keras_stylegan.networks import build_perceptual

    model = GatysModel(
        build_perceptual(arguments.network),
        content,
        styles,
        weights,
        masks,
        style_weight=arguments.style_weight,
        tv_weight=arguments.tv_weight,
    )
    losses = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("painting", total=arguments.steps)

        def report(step, logs):
            losses.append(logs["loss"])
            progress.update(task, completed=step)

        picture = model.optimize(arguments.steps, arguments.optimizer, callback=report)
    return picture, losses


def _resize(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    size = tuple(max(SMALLEST, side) for side in size)
    return image if size == image.size else image.resize(size, Image.Resampling.LANCZOS)


def _shorter_side(size: tuple[int, int], side: int) -> tuple[int, int]:
    return tuple(round(length * side / min(size)) for length in size)


def _to_float(image: Image.Image) -> np.ndarray:
    return np.asarray(image, "float32") / 127.5 - 1
