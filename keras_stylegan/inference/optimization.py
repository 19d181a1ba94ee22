"""Gatys' optimisation of one picture, from PIL pictures to a PIL picture. Needs a Keras backend."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image

from keras_stylegan.inference.colour import keep_chroma, match_colours
from keras_stylegan.models.gatys import GatysModel
from keras_stylegan.networks import build_perceptual

SMALLEST = 16  # pixels: below, the deepest features of the style loss have no size


def paint_by_optimization(
    photo: Image.Image,
    paintings: Sequence[tuple[Image.Image, float]],
    masks: Sequence[Image.Image] = (),
    size: int = 512,
    color: str = "style",
    network: str = "compact",
    steps: int = 400,
    optimizer: str = "adam",
    style_weight: float = 20.0,
    tv_weight: float = 0.75,
    report: Callable[[int], None] = lambda step: None,
) -> tuple[Image.Image, list[float]]:
    """Paints a photograph in the styles of paintings by optimising its pixels.

    Args:
        photo: the photograph, RGB.
        paintings: pairs of a style picture and its weight, not all 0.
        masks: none; one for all styles; or one for each. White where to paint, black where the photograph stays.
        size: longer side of the result at most, in pixels.
        color: `"style"`, `"luma"` (the photograph's colours) or `"match"` (the paintings recoloured like it first).
        network: `"compact"`, `"vgg16"`, `"vgg19"` or an .npz weight file.
        steps, optimizer: as `GatysModel.optimize`.
        style_weight, tv_weight: as `GatysModel`.
        report: called with the number of each step done.

    Returns:
        The painted picture and the loss of every step.
    """
    scale = min(1.0, size / max(photo.size))
    full = tuple(max(1, round(side * scale)) for side in photo.size)
    # Tiny pictures are enlarged for the work and come out in their own size.
    photo = _resize(photo, full)
    # Shorter sides are made equal, so that strokes have the size in the picture that they have in the painting.
    pictures = [_resize(image, _shorter_side(image.size, min(photo.size))) for image, _ in paintings]
    if color == "match":  # before painting, so that the optimum itself has the photograph's colours
        pictures = [match_colours(picture, photo) for picture in pictures]
    styles = {f"style_{number}": _to_float(picture) for number, picture in enumerate(pictures, 1)}
    regions = [mask.convert("L").resize(photo.size, Image.Resampling.BOX) for mask in masks]
    regions = regions * len(styles) if len(regions) == 1 else regions
    regions = {name: np.asarray(region, "float32") / 255 for name, region in zip(styles, regions, strict=False)}
    # Styles that share a region share one unit of weight; with a region of its own each keeps the weight given.
    total = 1.0 if len(masks) > 1 else sum(weight for _, weight in paintings)
    weights = {name: weight / total for name, (_, weight) in zip(styles, paintings, strict=True)}

    backbone = build_perceptual(network)
    model = GatysModel(
        backbone, _to_float(photo), styles, weights, regions, style_weight=style_weight, tv_weight=tv_weight
    )
    losses = []

    def note(step, logs):
        losses.append(logs["loss"])
        report(step)

    picture = model.optimize(steps, optimizer, callback=note)
    result = Image.fromarray(np.clip(np.rint((picture + 1) * 127.5), 0, 255).astype("uint8"))
    result = keep_chroma(result, photo) if color == "luma" else result
    return (result if result.size == full else result.resize(full, Image.Resampling.LANCZOS)), losses


def _resize(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    size = tuple(max(SMALLEST, side) for side in size)
    return image if size == image.size else image.resize(size, Image.Resampling.LANCZOS)


def _shorter_side(size: tuple[int, int], side: int) -> tuple[int, int]:
    return tuple(round(length * side / min(size)) for length in size)


def _to_float(image: Image.Image) -> np.ndarray:
    return np.asarray(image, "float32") / 127.5 - 1
