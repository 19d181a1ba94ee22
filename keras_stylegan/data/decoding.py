"""Many encoded pictures to pixels at once: with Pillow, or with TensorFlow where the pixels are the same."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image

from keras_stylegan.data.pictures import MAX_PIXELS, array_to_rgb, read_picture, shrink

Decoder = Callable[[Sequence], list]

# Pictures in a call of TensorFlow: large groups cost less a picture, small ones waste less where a batch ends.
_GROUPS = (64, 16)
# Frames that libjpeg decodes alike in all its versions, damaged data included: baseline and extended Huffman coding.
# Versions fill the gaps of damaged progressive files differently.
_SAME_FRAMES = frozenset((0xC0, 0xC1))
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_START_OF_SCAN, _APP1 = 0xDA, 0xE1


def decode_with_pillow(contents: Sequence, short_side: int | None = None) -> list[np.ndarray | Exception]:
    """Decodes pictures one after the other.

    Args:
        contents: bytes of files, or uint8 arrays, which need no decoding.
        short_side: larger pictures are reduced to this shorter side, in pixels.

    Returns:
        For each a uint8 array `(height, width, 3)`, or the exception that says why there is none.
    """
    return [_decode_one(content, short_side) for content in contents]


def _decode_one(content, short_side: int | None = None) -> np.ndarray | Exception:
    try:
        if isinstance(content, np.ndarray):
            picture = array_to_rgb(content)
            if short_side is None or min(picture.shape[:2]) <= short_side:
                return picture
            return np.asarray(shrink(Image.fromarray(picture), short_side))
        return read_picture(content, short_side)
    except MemoryError:
        raise
    except Exception as error:  # what a damaged file raises is the result for that file
        return error


@functools.cache
def tensorflow_decoder() -> Decoder:
    """A decoder with the results of `decode_with_pillow`, faster where many pictures are baseline JPEG.

    TensorFlow decodes those in parallel outside of Python, with the slow exact transform and smooth chroma, which gives
    Pillow's pixels; everything else, and whatever TensorFlow refuses, goes to Pillow.
    """
    import tensorflow as tf

    # A function of the whole group spends no Python on single pictures and decodes them in TensorFlow's threads.
    @functools.cache
    def decode_group(size):
        @tf.function(input_signature=[tf.TensorSpec([size], tf.string)], autograph=False)
        def decode_all(contents):
            return [
                tf.io.decode_jpeg(content, channels=3, dct_method="INTEGER_ACCURATE", fancy_upscaling=True)
                for content in tf.unstack(contents)
            ]

        return decode_all.get_concrete_function()  # a call need not look for it

    # A group that is not full is filled up with this, lest TensorFlow trace every number of pictures.
    file = io.BytesIO()
    Image.new("RGB", (1, 1)).save(file, "JPEG")
    filler = file.getvalue()

    def decode(contents: Sequence) -> list[np.ndarray | Exception]:
        results: list = [None] * len(contents)
        plain = [place for place, content in enumerate(contents) if is_plain_jpeg(content)]
        while plain:
            size = next((size for size in _GROUPS if size <= len(plain)), _GROUPS[-1])
            places, plain = plain[:size], plain[size:]
            group = [contents[place] for place in places] + [filler] * (size - len(places))
            try:
                with tf.device("CPU:0"):
                    decoded = decode_group(size)(tf.constant(group))
            except tf.errors.OpError:
                continue  # one of them is damaged: Pillow says which
            for place, picture in zip(places, decoded, strict=False):
                results[place] = np.asarray(picture)  # shares the memory, which `numpy()` would copy
        return [
            _decode_one(content) if result is None else result
            for content, result in zip(contents, results, strict=True)
        ]

    return decode


def is_plain_jpeg(content) -> bool:
    """Whether bytes are a JPEG of 8-bit grey or colour, Huffman-coded in one pass, complete, upright, not huge."""
    if not isinstance(content, bytes) or not content.startswith(b"\xff\xd8\xff") or not content.endswith(b"\xff\xd9"):
        return False
    position, end, frame = 2, len(content), False
    while position + 10 < end:
        if content[position] != 0xFF:
            return False
        marker, length = content[position + 1], int.from_bytes(content[position + 2 : position + 4])
        if marker == _START_OF_SCAN:
            return frame
        if marker in _FRAMES:
            precision, components = content[position + 4], content[position + 9]
            height = int.from_bytes(content[position + 5 : position + 7])
            width = int.from_bytes(content[position + 7 : position + 9])
            same = marker in _SAME_FRAMES and precision == 8 and components in (1, 3) and not frame
            if not same or not 0 < width * height <= MAX_PIXELS:
                return False
            frame = True
        elif marker == _APP1 and _may_turn(content[position + 4 : position + 2 + length]):
            return False
        elif not 0xC0 <= marker <= 0xFE or length < 2:
            return False
        position += 2 + length
    return False


def _may_turn(metadata: bytes) -> bool:
    """Whether EXIF or XMP may say that the picture lies on its side."""
    return metadata.startswith(b"Exif") or b"Orientation" in metadata
