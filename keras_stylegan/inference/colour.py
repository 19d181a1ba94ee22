"""Whose colours a stylised picture has: the style's, or in one of two ways the photograph's."""

import math

import numpy as np
from PIL import Image, ImageChops

COLOR_MODES = ("style", "luma", "match")
# Larger images are worked on in strips of so many pixels, or at so many of theirs, which bounds the memory.
_STRIP_PIXELS = 2**22

# Variance of the rounding to 8 bits, on the scale [0, 1]: a direction of colour with less than that says nothing.
_ROUNDING_VARIANCE = (1 / 255) ** 2 / 12


def matching_transform(pixels: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Linear colour matching: the map x' = A x + b that gives `pixels` the mean and covariance of `reference`.

    A = Cov(reference)^(1/2) Cov(pixels)^(-1/2), symmetric square roots. Directions in which `pixels` do not vary (a
    grey picture has two) stay flat: they hold no pattern that could be amplified.

    Args:
        pixels: float array of shape `(num_pixels, 3)`, RGB in [0, 1].
        reference: float array of shape `(any number, 3)`, RGB in [0, 1].

    Returns:
        Matrix A, float64 of shape `(3, 3)`, and offset b of shape `(3,)`.

    Source: Gatys et al., "Preserving Color in Neural Artistic Style Transfer" (arXiv 1606.05897), section 4.
    """
    mean, covariance = _moments(pixels)
    reference_mean, reference_covariance = _moments(reference)
    matrix = _matrix_power(reference_covariance, 0.5) @ _matrix_power(covariance, -0.5)
    return matrix, reference_mean - matrix @ mean


def _moments(pixels):
    mean = pixels.mean(axis=0, dtype=np.float64)
    centred = pixels - mean.astype(pixels.dtype)
    return mean, (centred.T @ centred).astype(np.float64) / len(pixels)


def _matrix_power(covariance, power):
    values, vectors = np.linalg.eigh(covariance)
    powers = np.zeros_like(values)
    varying = values > _ROUNDING_VARIANCE
    powers[varying] = values[varying] ** power
    return (vectors * powers) @ vectors.T


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
