"""Stroke size: the network paints a picture of a fixed working size, whose strokes are brought to the full size.

A network paints strokes of a fixed number of pixels. On a 12-megapixel photograph they would be invisible, so large
photographs are painted small and the result is enlarged by guided upsampling:

    result = up(stylised) + a * (luma(photo) - up(luma(small photo)))

The second term is the detail that the photograph lost when it was made small, and a in [0, 1] is how much of the
photo's local structure the stylised picture kept: edges are sharp where the painter followed them, flat where not.
"""

import math
import numbers

import numpy as np
from PIL import Image

from keras_stylegan.inference.colour import add_luma, luma

# A picture of more pixels is never handed to the network: at some 300 bytes a pixel, 2.5 GB of working memory.
MAX_WORKING_PIXELS = 2**23
# Added to the local variance of the photo, on the scale [0, 255]: below a deviation of 8 grey levels there is noise.
_GAIN_EPSILON = 8.0**2
# Pixels of the small picture between two values of the gain, which is also the half width of the triangular window.
_GAIN_STEP = 8
# Strips of this many pixels bound the memory of the float parts and keep them in the processor's cache.
_STRIP_PIXELS = 2**18


def working_size(
    size: tuple[int, int], base: int, stroke_size: float | None, max_pixels: int = MAX_WORKING_PIXELS
) -> tuple[int, int]:
    """The size at which a picture is painted.

    Args:
        size: (width, height) of the picture.
        base: int, the short side at which strokes have their natural size (`working_size` of the network).
        stroke_size: float > 0, how large strokes are: the short side becomes `base / stroke_size`, larger or smaller
            than the picture's. None stands for 1, but never enlarges a picture.
        max_pixels: int, the most that the network is to paint.

    Returns:
        (width, height), at least 1x1 and at most `max_pixels`.

    Raises:
        ValueError: if `stroke_size` is not a number greater than 0, or so small that the limit would be passed.
    """
    width, height = size
    short = min(size)
    limit = math.sqrt(max_pixels / (width * height))
    if stroke_size is None:
        scale = min(1.0, base / short, limit)
        return size if scale == 1 else _scaled(size, scale)
    check_stroke_size(stroke_size)
    scale = base / stroke_size / short
    if scale > limit:
        smallest = base / short / limit
        raise ValueError(f"`stroke_size` must be at least {math.ceil(smallest * 100) / 100} for a picture of "
                         f"{width}x{height} pixels. Received: stroke_size={stroke_size}")  # fmt: skip
    return _scaled(size, scale)


def check_stroke_size(stroke_size: float | None) -> None:
    """ValueError unless `stroke_size` is None or a finite number greater than 0."""
    if stroke_size is None:
        return
    if not isinstance(stroke_size, numbers.Real) or not 0 < stroke_size < math.inf:
        raise ValueError(f"`stroke_size` must be a number greater than 0. Received: stroke_size={stroke_size!r}")


def _scaled(size, scale):
    # Rounded down, so that a limit on the number of pixels holds.
    return tuple(max(1, int(side * scale + 1e-6)) for side in size)


def resize(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Returns the image in another size, each pixel the mean of what it covers."""
    if image.size == size:
        return image
    enlarged = size[0] > image.width or size[1] > image.height
    # A gap of 1 takes plain means of whole blocks first, which at these factors nobody can tell from the filter alone.
    return image.resize(size, Image.Resampling.BICUBIC if enlarged else Image.Resampling.HAMMING, reducing_gap=1.0)


def upsample(stylised: Image.Image, small: Image.Image, photo: Image.Image, strength: float = 1.0) -> Image.Image:
    """Brings a stylised picture to the size of its photograph by guided upsampling, in strips of bounded memory.

    Args:
        stylised: RGB image, `small` painted.
        small: RGB image of the same size, the photograph made small.
        photo: RGB image, the photograph.
        strength: float in [0, 1], how far `stylised` is from `small`. The gain is a at 1 and goes to 1 with strength to
            0, so that all of the photograph's detail is back when its own pixels are.

    Returns:
        RGB image of the size of `photo`. Where the working size was the larger one, `stylised` made small.

    Source: He et al., "Guided Image Filtering" (TPAMI 2013), equation 5, and "Fast Guided Filter" (arXiv 1505.00996)
    for the gain on a coarse grid; the gain is clipped, so that detail is never inverted or amplified.
    """
    if photo.width <= stylised.width and photo.height <= stylised.height:
        return resize(stylised, photo.size)
    gain = _gain(luma(small), luma(stylised), strength)
    small_luma = small.convert("L")
    rows = max(1, _STRIP_PIXELS // photo.width)
    result = Image.new("RGB", photo.size)

    def strip(top):
        bottom = min(top + rows, photo.height)
        detail = luma(photo.crop((0, top, photo.width, bottom)))
        detail -= np.asarray(_stretch(small_luma, photo.size, top, bottom, Image.Resampling.BICUBIC))
        detail *= np.asarray(_stretch(gain, photo.size, top, bottom, Image.Resampling.BILINEAR))
        enlarged = _stretch(stylised, photo.size, top, bottom, Image.Resampling.BICUBIC)
        return add_luma(enlarged, (detail + 64) >> 7), top

    tops = range(0, photo.height, rows)
    for part, top in _in_threads(strip, tops):
        result.paste(part, (0, top))
    return result


def _gain(guide, stylised, strength=1.0):
    """The gain a = cov(guide, stylised) / (var(guide) + epsilon) in [0, 1] as a mode L image, 128 standing for 1."""
    height, width = guide.shape
    coarse = (-(-width // _GAIN_STEP), -(-height // _GAIN_STEP))

    def local_mean(values):
        # Pillow's bilinear filter is a triangle as wide as two steps: the window of the guided filter.
        return np.asarray(Image.fromarray(values).resize(coarse, Image.Resampling.BILINEAR))

    guide, stylised = guide.astype(np.float32), stylised.astype(np.float32)
    guide_mean = local_mean(guide)
    covariance = local_mean(guide * stylised) - guide_mean * local_mean(stylised)
    variance = np.maximum(local_mean(guide * guide) - guide_mean**2, 0)
    gain = np.clip(covariance / (variance + _GAIN_EPSILON), 0, 1)
    gain = 1 - strength * (1 - gain)
    return Image.fromarray(np.rint(gain * 128).astype(np.uint8))  # 255 * 128 still fits into int16


def _stretch(image, size, top, bottom, resampling):
    """Rows `top` to `bottom` of `image` brought to `size`; the same pixels, to rounding, whatever the rows."""
    scale = image.height / size[1]
    return image.resize((size[0], bottom - top), resampling, box=(0, top * scale, image.width, bottom * scale))


def _in_threads(function, arguments):
    """Maps like `map`, on all cores: Pillow and NumPy let go of the interpreter while they work."""
    from concurrent.futures import ThreadPoolExecutor

    from keras_stylegan.inference.runtimes import available_cores

    with ThreadPoolExecutor(available_cores()) as pool:
        yield from pool.map(function, arguments)
