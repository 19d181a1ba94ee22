"""Which way up a photograph is: EXIF of a JPEG read inside of a graph, where no library does it."""

from __future__ import annotations

import tensorflow as tf

# EXIF comes first in a file, at most behind a JFIF header, and the list of tags with orientation first in EXIF.
_HEAD, _SEARCHED, _MAX_TAGS = 4096, 512, 64
_START, _ORIENTATION, _INTEL = b"Exif\0\0", 0x0112, ord("I")


def orientation(content: tf.Tensor) -> tf.Tensor:
    """The EXIF orientation of a JPEG file.

    Args:
        content: scalar string tensor.

    Returns:
        Scalar int32 tensor, 1 to 8; 1 (upright) without EXIF, with damaged EXIF, or with one far from the file's start.

    Source: Exif 2.32, section 4.6.2 (image file directory), and tag 274.
    """
    octets = tf.cast(tf.io.decode_raw(content, tf.uint8, fixed_length=_HEAD), tf.int32)  # zeros follow a shorter file
    matches = [tf.equal(octets[i : i + _SEARCHED], value) for i, value in enumerate(_START)]
    found = tf.reduce_all(tf.stack(matches), axis=0)
    base = tf.argmax(tf.cast(found, tf.int32), output_type=tf.int32) + len(_START)
    is_little = tf.equal(octets[base], _INTEL)

    def number(position, size):
        """Unsigned numbers of `size` bytes; positions that damaged EXIF leads to are held inside of the head."""
        position = tf.clip_by_value(position, 0, _HEAD - size)
        values = [tf.gather(octets, position + i) for i in range(size)]
        forward, backward = ([value * 256**i for i, value in enumerate(order)] for order in (values, values[::-1]))
        return tf.where(is_little, tf.add_n(forward), tf.add_n(backward))

    directory = base + number(base + 4, 4)
    index = tf.range(_MAX_TAGS)
    tags = directory + 2 + 12 * index
    here = (index < number(directory, 2)) & tf.equal(number(tags, 2), _ORIENTATION)
    value = tf.reduce_max(tf.where(here, number(tags + 8, 2), 1))
    return tf.where(tf.reduce_any(found) & (value >= 1) & (value <= 8), value, 1)


def upright(picture: tf.Tensor, turned: tf.Tensor) -> tf.Tensor:
    """Turns the pixels `(height, width, channels)` of an orientation the right way up."""

    def one_of(*values):
        return tf.reduce_any(tf.equal(turned, values))

    picture = tf.cond(one_of(5, 6, 7, 8), lambda: tf.transpose(picture, [1, 0, 2]), lambda: picture)
    picture = tf.cond(one_of(2, 3, 6, 7), lambda: picture[:, ::-1], lambda: picture)
    return tf.cond(one_of(3, 4, 7, 8), lambda: picture[::-1], lambda: picture)
