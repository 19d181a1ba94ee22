"""Many encoded pictures to pixels at once: with Pillow, or with TensorFlow where the pixels are the same."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image

from keras_stylegan.data.pictures import MAX_PIXELS, Window, array_to_rgb, cut_window, read_picture, shrink

# From a picture's height and width to the part of it that is wanted.
Place = Callable[[int, int], Window]
Decoder = Callable[..., list]

# Pictures in a call of TensorFlow: large groups cost less a picture, small ones waste less where a batch ends.
_GROUPS = (64, 16)
# Frames that libjpeg decodes alike in all its versions, damaged data included: baseline and extended Huffman coding.
# Versions fill the gaps of damaged progressive files differently.
_SAME_FRAMES = frozenset((0xC0, 0xC1))
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_START_OF_SCAN, _APP1 = 0xDA, 0xE1
# Smooth chroma looks at the sample beside, which a window's first and last columns have to find: two pixels.
_MARGIN = 2


def decode_with_pillow(
    contents: Sequence, places: Sequence[Place | None] | None = None, short_side: int | None = None
) -> list[np.ndarray | Exception]:
    """Decodes pictures one after the other.

    Args:
        contents: bytes of files, or uint8 arrays, which need no decoding.
        places: for each a function of its height and width that gives the window to return, or None for all of it.
        short_side: larger pictures are reduced to this shorter side, in pixels.

    Returns:
        For each a uint8 array `(height, width, 3)`, or the exception that says why there is none.
    """
    places = places or [None] * len(contents)
    return [_decode_one(content, place, short_side) for content, place in zip(contents, places, strict=True)]


def _decode_one(content, place: Place | None = None, short_side: int | None = None) -> np.ndarray | Exception:
    picture = _decode_whole(content, short_side)
    if place is None or isinstance(picture, Exception):
        return picture
    return cut_window(picture, place(*picture.shape[:2]))


def _decode_whole(content, short_side: int | None) -> np.ndarray | Exception:
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
    Pillow's pixels; everything else, and whatever TensorFlow refuses, goes to Pillow. Of a picture with a window only
    the rows down to its end are read, and of these only the window is transformed.
    """
    import tensorflow as tf

    # A function of the whole group spends no Python on single pictures and decodes them in TensorFlow's threads.
    @functools.cache
    def decode_group(size):
        @tf.function(
            input_signature=[tf.TensorSpec([size], tf.string), tf.TensorSpec([size, 4], tf.int32)], autograph=False
        )
        def decode_all(contents, windows):
            return [
                tf.io.decode_and_crop_jpeg(
                    content, window, channels=3, dct_method="INTEGER_ACCURATE", fancy_upscaling=True
                )
                for content, window in zip(tf.unstack(contents), tf.unstack(windows), strict=True)
            ]

        return decode_all.get_concrete_function()  # a call need not look for it

    # A group that is not full is filled up with this, lest TensorFlow trace every number of pictures.
    file = io.BytesIO()
    Image.new("RGB", (1, 1)).save(file, "JPEG")
    filler = file.getvalue()

    def decode(contents: Sequence, places: Sequence[Place | None] | None = None) -> list[np.ndarray | Exception]:
        places = places or [None] * len(contents)
        results: list = [None] * len(contents)
        sizes = [plain_jpeg_size(content) for content in contents]
        plain = [number for number, size in enumerate(sizes) if size is not None]
        while plain:
            count = next((count for count in _GROUPS if count <= len(plain)), _GROUPS[-1])
            group, plain = plain[:count], plain[count:]
            cuts = [_Cut(sizes[number], places[number]) for number in group]
            missing = count - len(group)
            try:
                with tf.device("CPU:0"):
                    decoded = decode_group(count)(
                        tf.constant([contents[number] for number in group] + [filler] * missing),
                        tf.constant([cut.decoded for cut in cuts] + [(0, 0, 1, 1)] * missing),
                    )
            except tf.errors.OpError:
                continue  # one of them is damaged: Pillow says which
            for number, cut, picture in zip(group, cuts, decoded, strict=False):
                # `asarray` shares the memory, which `numpy()` would copy.
                results[number] = cut.trim(np.asarray(picture))
        return [
            _decode_one(content, place) if result is None else result
            for content, place, result in zip(contents, places, results, strict=True)
        ]

    return decode


class _Cut:
    """A window of a picture, and what has to be decoded for it."""

    def __init__(self, size: tuple[int, int], place: Place | None):
        height, width = size
        top, left, bottom, right = (0, 0, height, width) if place is None else place(height, width)
        first, last = max(0, left - _MARGIN), min(width, right + _MARGIN)
        self.decoded = (top, first, bottom - top, last - first)  # in TensorFlow's order: offsets, height, width
        self._columns = slice(left - first, right - first)

    def trim(self, decoded: np.ndarray) -> np.ndarray:
        return decoded[:, self._columns]


def plain_jpeg_size(content) -> tuple[int, int] | None:
    """`(height, width)` of a JPEG of 8-bit grey or colour, Huffman-coded in one pass, complete, upright, not huge.

    Anything else is None.
    """
    if not isinstance(content, bytes) or not content.startswith(b"\xff\xd8\xff") or not content.endswith(b"\xff\xd9"):
        return None
    position, end, size = 2, len(content), None
    while position + 10 < end:
        if content[position] != 0xFF:
            return None
        marker, length = content[position + 1], int.from_bytes(content[position + 2 : position + 4])
        if marker == _START_OF_SCAN:
            return size
        if marker in _FRAMES:
            precision, components = content[position + 4], content[position + 9]
            height = int.from_bytes(content[position + 5 : position + 7])
            width = int.from_bytes(content[position + 7 : position + 9])
            same = marker in _SAME_FRAMES and precision == 8 and components in (1, 3) and size is None
            if not same or not 0 < width * height <= MAX_PIXELS:
                return None
            size = (height, width)
        elif marker == _APP1 and _may_turn(content[position + 4 : position + 2 + length]):
            return None
        elif not 0xC0 <= marker <= 0xFE or length < 2:
            return None
        position += 2 + length
    return None


def _may_turn(metadata: bytes) -> bool:
    """Whether EXIF or XMP may say that the picture lies on its side."""
    return metadata.startswith(b"Exif") or b"Orientation" in metadata
