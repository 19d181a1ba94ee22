"""Photographs into a generator and out again, as files of styles."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from keras_stylegan.data.pictures import to_float, to_grey, with_alpha
from keras_stylegan.files import whole_file
from keras_stylegan.inference.generator import PictureGenerator
from keras_stylegan.models.projection import StyleProjection
from keras_stylegan.networks import build_perceptual
from keras_stylegan.networks.perceptual import STYLE_TAPS


def fit_photo(photo: Image.Image, size: tuple[int, int], channels: int) -> np.ndarray:
    """The middle of a photograph, as a generator's pictures are.

    Args:
        photo: RGB, at least as high and wide as the result.
        size: `(height, width)` of the result, in pixels.
        channels: 1 (grey), 3 (RGB) or 4 (RGB, opaque).

    Returns:
        uint8 array of shape `(*size, channels)`.

    Raises:
        ValueError: if the photograph is smaller: what is not in it cannot be found again.
    """
    height, width = size
    if photo.width < width or photo.height < height:
        raise ValueError(
            f"`photo` must have at least the generator's {width}x{height} pixels. "
            f"Received: {photo.width}x{photo.height}"
        )
    pixels = np.asarray(ImageOps.fit(photo, (width, height), Image.Resampling.LANCZOS))
    return {1: to_grey, 3: lambda pixels: pixels, 4: with_alpha}[channels](pixels)


def project_photo(
    generator: PictureGenerator,
    picture: np.ndarray,
    label: str | None = None,
    space: str = "w+",
    steps: int = 500,
    rate: float = 0.1,
    network: str = "compact",
    report: Callable[[int, dict], None] | None = None,
) -> np.ndarray:
    """Finds the styles with which a generator comes closest to a picture.

    Args:
        generator: of styles.
        picture: uint8 array of shape `(height, width, channels)`, as of `fit_photo`.
        label: name of the class to start from; None starts from the mean of all.
        space: `"w+"` or `"w"`, as of `StyleProjection`.
        steps, rate: as of `StyleProjection.optimize`.
        network: `"compact"`, `"vgg16"`, `"vgg19"` or an .npz weight file.
        report: called with the number of each step and its losses by name.

    Returns:
        float32 array of shape `(num_styles, style_dim)`.

    Raises:
        ValueError: for a generator without styles, an unknown class, and as `StyleProjection`.
    """
    generator.check_styles("project")
    number = None if label is None else generator.class_number(label)
    # Tap reluI_J halves the picture I - 1 times, and its network wants 2^I pixels.
    taps = [tap for level, tap in enumerate(STYLE_TAPS, 1) if 2**level <= min(generator.network.size)]
    backbone = build_perceptual(network, taps)
    projection = StyleProjection(generator.network, to_float(picture), backbone, space, number)
    return projection.optimize(steps, rate, report)


def write_styles(styles: np.ndarray, path: str | Path) -> None:
    """Writes styles, float of shape `(count, num_styles, style_dim)`, as an npz file with the array `styles`."""
    with whole_file(Path(path)) as partial:
        np.savez(partial, styles=np.asarray(styles, "float32"))
