"""Whose colours a stylised picture has: the style's, or in one of two ways the photograph's."""

import math

import numpy as np
from PIL import Image, ImageChops

from keras_stylegan.colour_statistics import matching_transform

COLOR_MODES = ("style", "luma", "match")
# Larger images are worked on in strips of so many pixels, or at so many of theirs, which bounds the memory.
_STRIP_PIXELS = 2**22


def match_colours(stylised: Image.Image, photo: Image.Image) -> Image.Image:
    """Returns `stylised` with the mean and covariance of the colours of `photo`; RGB images, of any sizes.

    Of very large images the colours are read at evenly spread pixels, millions of them.
    """
    pixels, reference = (np.asarray(_sample(image), np.float32).reshape(-1, 3) / 255 for image in (stylised, photo))
    matrix, offset = matching_transform(pixels, reference)
    return stylised.convert("RGB", tuple(np.column_stack([matrix, offset * 255]).ravel().tolist()))


def _sample(image):
    step = math.ceil(math.sqrt(image.width * image.height / _STRIP_PIXELS))
    if step <= 1:
        return image
    return image.resize([max(1, side // step) for side in image.size], Image.Resampling.NEAREST)


def keep_chroma(stylised: Image.Image, photo: Image.Image) -> Image.Image:
    """Returns a picture with the luma (ITU-R 601) of `stylised` and the colours of `photo`; RGB images of one size.

    Adding one number to R, G and B moves luma by that number and leaves the differences to luma, which are what chroma
    measures, as they were.

    Source: luma-only transfer of Gatys et al. (arXiv 1606.05897), section 5.
    """
    width, height = photo.size
    if height > 1 and width * height > _STRIP_PIXELS:
        result, rows = Image.new("RGB", photo.size), max(1, _STRIP_PIXELS // width)
        for top in range(0, height, rows):
            box = (0, top, width, min(top + rows, height))
            result.paste(keep_chroma(stylised.crop(box), photo.crop(box)), box)
        return result
    return add_luma(photo, luma(stylised) - luma(photo))


def luma(image: Image.Image) -> np.ndarray:
    """Returns the ITU-R 601 luma of an RGB image as int16 of shape `(height, width)`, in [0, 255]."""
    return np.asarray(image.convert("L")).astype(np.int16)


def add_luma(image: Image.Image, amount: np.ndarray) -> Image.Image:
    """Adds `amount`, int16 of shape `(height, width)`, to every channel of an RGB image, clipped to [0, 255]."""
    if amount.min() >= -128 and amount.max() <= 127:
        shifted = Image.fromarray((amount + 128).astype(np.uint8))
        return ImageChops.add(image, Image.merge("RGB", (shifted,) * 3), offset=-128)
    brighter, darker = (Image.fromarray(np.clip(part, 0, 255).astype(np.uint8)) for part in (amount, -amount))
    image = ImageChops.add(image, Image.merge("RGB", (brighter,) * 3))
    return ImageChops.subtract(image, Image.merge("RGB", (darker,) * 3))
