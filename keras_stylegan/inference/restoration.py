"""Restoration of one picture by an untrained network, from PIL picture to PIL picture. Needs a Keras backend."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
import numpy as np
from PIL import Image

from keras_stylegan.data.pictures import to_float, to_uint8
from keras_stylegan.models.deep_image_prior import DeepImagePrior
from keras_stylegan.networks import HourglassNetwork

FACTOR = 4  # of `upscale`
# Of the result: fitting takes some 2 kB a pixel.
MAX_PIXELS = 2**22


def restore_photograph(
    photo: Image.Image,
    task: str = "denoise",
    mask: Image.Image | None = None,
    steps: int = 1500,
    filters: Sequence[int] = (16, 32, 64, 128, 128),
    seed: int = 0,
    report: Callable[[int], None] = lambda step: None,
) -> tuple[Image.Image, list[float]]:
    """Restores a photograph.

    Args:
        photo: the photograph, RGB.
        task: `"denoise"`, `"inpaint"` or `"upscale"` (by `FACTOR`).
        mask: for `"inpaint"`: white where pixels are missing, of the photograph's size.
        steps: steps of the fit; too many bring the damage back.
        filters: channels of the network, from the full size downwards.
        seed: repeats a result.
        report: called with the number of each step done.

    Returns:
        The restored picture, and the loss of every step.

    Raises:
        ValueError: if the result would be too large, or the mask has another size or marks nothing.
    """
    scale = FACTOR if task == "upscale" else 1
    width, height = (scale * side for side in photo.size)
    if width * height > MAX_PIXELS:
        raise ValueError(
            f"the photograph must be restored to at most {MAX_PIXELS} pixels, or it takes hours. "
            f"Received: {photo.width}x{photo.height}, restored {width}x{height}"
        )
    if mask is not None and mask.size != photo.size:
        raise ValueError(
            f"`mask` must have the photograph's size, {photo.width}x{photo.height}. "
            f"Received: {mask.width}x{mask.height}"
        )
    hole = None if mask is None else np.asarray(mask.convert("L"), "float32") / 255
    keras.utils.set_random_seed(seed)  # of the network's first weights
    model = DeepImagePrior(HourglassNetwork(filters), to_float(np.asarray(photo)), task, hole, FACTOR, seed=seed)
    losses = []

    def note(step, loss):
        losses.append(loss)
        report(step)

    picture = model.restore(steps, callback=note)
    return Image.fromarray(to_uint8(picture)), losses
