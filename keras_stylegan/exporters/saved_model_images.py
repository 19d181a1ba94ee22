"""Pictures inside of a served graph: files to pixels and back, any size to the multiples that a network wants."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from keras_stylegan.exporters.saved_model_checks import MAX_PIXELS, pixels_of, when
from keras_stylegan.exporters.saved_model_orientation import orientation, upright
from keras_stylegan.inference.runtimes import MIN_SIDE
from keras_stylegan.provenance import STYLIZED, describe
from keras_stylegan.xmp_files import PNG_HEADER, png_chunk

# As `inference.saving` writes JPEG: no artefacts in strokes and flat colours, colour at full resolution.
JPEG_QUALITY = 92
_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_PNG_SIZES = 24  # bytes, of which the last eight are width and height


def decode(
    content: tf.Tensor, name: str = "image_bytes", max_pixels: int = MAX_PIXELS, padded: int = MIN_SIDE
) -> tf.Tensor:
    """The pixels of a JPEG or PNG file, as Pillow decodes them, measured by its header before anything is decoded.

    Args:
        content: scalar string tensor, a file. Alpha is dropped, 16 bits become 8; a JPEG is turned as its EXIF says.
        name: what a mistake calls the input.
        max_pixels, padded: as of `checked_images`.

    Returns:
        uint8 tensor of shape `(height, width, 3)`.

    Raises:
        InvalidArgumentError: when run on what is no such file, a damaged one, or one of too many pixels.
    """
    head = tf.strings.substr(content, 0, _PNG_SIZES) + b"\0" * _PNG_SIZES  # lest cutting fail on a short one
    is_png = tf.equal(tf.strings.substr(head, 0, len(_PNG)), _PNG)
    is_jpeg = tf.equal(tf.strings.substr(head, 0, len(_JPEG)), _JPEG)
    rule = (is_png | is_jpeg, f"`{name}` must be JPEG or PNG files (length in bytes).", tf.strings.length(content))
    content, head = when([rule], content, head)
    size = tf.cond(is_png, lambda: _png_size(head), lambda: tf.cast(tf.image.extract_jpeg_shape(content)[:2], tf.int64))
    few = pixels_of(size, padded) <= max_pixels
    at_most = f"at most {max_pixels} pixels each, with sides counted as {padded} at least"
    rules = [
        (tf.reduce_all(size > 0), f"`{name}` must be pictures of at least one pixel (height, width).", size),
        (few, f"`{name}` must have {at_most} (height, width).", size),
    ]
    (content,) = when(rules, content)

    def decode_jpeg():
        # The exact transform and smooth chroma are those of Pillow.
        pixels = tf.io.decode_jpeg(content, channels=3, dct_method="INTEGER_ACCURATE", fancy_upscaling=True)
        return upright(pixels, orientation(content))

    return tf.cond(is_png, lambda: tf.io.decode_png(content, channels=3), decode_jpeg)


def _png_size(head):
    sides = tf.io.decode_raw(tf.strings.substr(head, _PNG_SIZES - 8, 8), tf.int32, little_endian=False)
    return tf.cast(sides[::-1], tf.int64)


def encode_jpeg(picture: tf.Tensor) -> tf.Tensor:
    """A JPEG file, scalar string, of uint8 pixels `(height, width, 1 | 3)` of a stylised photograph, which it says."""
    options = {"quality": JPEG_QUALITY, "chroma_downsampling": False}
    return tf.io.encode_jpeg(picture, **options, xmp_metadata=describe(STYLIZED))


def encode_png(picture: tf.Tensor, source_type: str = STYLIZED) -> tf.Tensor:
    """A PNG file, scalar string, of uint8 pixels `(height, width, 1 to 4)`, which says how they were made."""
    content = tf.io.encode_png(picture, compression=4)
    # TensorFlow writes no chunk of ours.
    after = tf.strings.substr(content, PNG_HEADER, tf.strings.length(content))
    return tf.strings.join([tf.strings.substr(content, 0, PNG_HEADER), png_chunk(describe(source_type)), after])


def to_float(pixels: tf.Tensor) -> tf.Tensor:
    """uint8 to float32 in [-1, 1]."""
    return tf.cast(pixels, tf.float32) / 127.5 - 1.0


def to_uint8(images: tf.Tensor) -> tf.Tensor:
    """Float in [-1, 1] to uint8, rounded to nearest."""
    return tf.cast(tf.clip_by_value(images * 127.5 + 128.0, 0.0, 255.0), tf.uint8)


def middle(images: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """The middle of pictures in the size `(height, width)`, as `PIL.ImageOps.fit` takes it by its bicubic filter.

    Args:
        images: uint8 tensor `(batch, height, width, channels)` of any size.
        size: `(height, width)` of the result.
    """
    whole, wanted = tf.cast(tf.shape(images)[1:3], tf.float32), tf.constant(size, tf.float32)
    scale = tf.fill([2], tf.reduce_max(wanted / whole))
    resized = tf.raw_ops.ScaleAndTranslate(
        images=images, size=size, scale=scale, translation=(wanted - whole * scale) / 2, kernel_type="keyscubic"
    )
    return tf.cast(tf.clip_by_value(tf.round(resized), 0.0, 255.0), tf.uint8)


def pad_to_stride(images: tf.Tensor, stride: int, min_side: int = MIN_SIDE) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """Continues pictures by reflection, evenly on opposite sides, as `inference.runtimes.pad_to_stride` does.

    Args:
        images: tensor of shape `(batch, height, width, channels)`, of any size from 1x1.
        stride: what height and width of the result are multiples of.
        min_side: the smallest height and width of the result, rounded up to the stride.

    Returns:
        The padded images, and top, left, height and width of the pictures in it.
    """
    starts, sizes = [], []
    for axis in (1, 2):
        size = tf.shape(images)[axis]
        total = -(-tf.maximum(size, min_side) // stride) * stride - size
        starts.append(total // 2)
        sizes.append(size)
        # There and back again, without repeating the ends: 0 1 2 1 0 1 2 ...
        period = tf.maximum(2 * (size - 1), 1)
        position = tf.math.floormod(tf.range(size + total) - starts[-1], period)
        images = tf.gather(images, tf.minimum(position, period - position), axis=axis)
    return images, starts + sizes


def through(change: Callable, images: tf.Tensor, stride: int, min_side: int = MIN_SIDE, factor: int = 1) -> tf.Tensor:
    """Pictures of any size through a network that takes multiples of a stride.

    Args:
        change: float pictures in [-1, 1] to such, `factor` times as high and wide.
        images: uint8 pictures.
        stride, min_side: as of `pad_to_stride`.
        factor: how much larger the results are.

    Returns:
        uint8 pictures of `factor` times the size of `images`.
    """
    padded, place = pad_to_stride(images, stride, min_side)
    return crop(to_uint8(change(to_float(padded))), [factor * number for number in place])


def crop(images: tf.Tensor, place: list[tf.Tensor]) -> tf.Tensor:
    """Cuts out what `pad_to_stride` has padded."""
    top, left, height, width = place
    return images[:, top : top + height, left : left + width]
