"""Rules of a served graph: a request that breaks one is answered by a sentence, before anything is computed.

A server looks at no more than names and types of tensors. Without these rules a wrong shape ends in a message about
some operation inside of the network, and a huge picture in a process out of memory.
"""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

# Pixels of a request of pictures, and of each encoded picture: at some 170 bytes a pixel, 0.7 GB of working memory.
# Sixteen pictures of 512x512 are just within.
MAX_PIXELS = 2**22
# Pictures that a generator makes at once.
MAX_PICTURES = 64
# By how much a sum of float32 weights may miss 1.
ROUNDING = 1e-3


def when(rules: Sequence[tuple], *tensors: tf.Tensor) -> list[tf.Tensor]:
    """The tensors, which exist only once every rule holds.

    Args:
        rules: triples of a scalar bool tensor, the sentence for a request where it is false, and a tensor to print
            behind it.
        *tensors: what the rules are about, or what is costly to make of it.
    """
    # Not `tf.debugging.Assert`, which hides the text behind a branch of its own.
    holds = [
        tf.raw_ops.Assert(condition=condition, data=[f"{sentence} Received:", received], summarize=8)
        for condition, sentence, received in rules
    ]
    with tf.control_dependencies(holds):
        return [tf.identity(tensor) for tensor in tensors]


def checked_images(image: tf.Tensor) -> tf.Tensor:
    """A batch of pictures that has the axes (batch, height, width, 3), none of them empty, and is not huge."""
    (image,) = when([_rank(image, 4, "`image` must have the axes (batch, height, width, 3).")], image)
    shape = tf.shape(image, out_type=tf.int64)
    pixels = tf.reduce_prod(shape[:3])
    rules = [
        (tf.equal(shape[3], 3), "`image` must be RGB, of shape (batch, height, width, 3).", shape),
        (pixels > 0, "`image` must hold at least one picture of at least one pixel.", shape),
        (pixels <= MAX_PIXELS, f"`image` must hold at most {MAX_PIXELS} pixels in all; send fewer or smaller.", shape),
    ]
    return when(rules, image)[0]


def checked_files(image_bytes: tf.Tensor) -> tf.Tensor:
    """A vector of strings, at least one."""
    sentence = "`image_bytes` must have shape (batch,), at least one file."
    (image_bytes,) = when([_rank(image_bytes, 1, sentence)], image_bytes)
    count = tf.shape(image_bytes)[0]
    return when([(count > 0, sentence, count)], image_bytes)[0]


def checked_rows(name: str, rows: tf.Tensor, columns: int, batch: tf.Tensor) -> tf.Tensor:
    """Finite numbers, `columns` for each of `batch`."""
    sentence = f"`{name}` must have shape (batch, {columns})"
    (rows,) = when([_rank(rows, 2, f"{sentence}.")], rows)
    shape = tf.shape(rows)
    rules = [
        (tf.reduce_all(tf.equal(shape, [batch, columns])), f"{sentence}, a row for each of the batch.", shape),
        (tf.reduce_all(tf.math.is_finite(rows)), f"`{name}` must be finite.", rows),
    ]
    return when(rules, rows)[0]


def checked_shares(style_weights: tf.Tensor, num_styles: int, batch: tf.Tensor) -> tf.Tensor:
    """Weights as rows that sum to 1, or to less by the share of styles that are not in the bank."""
    weights = _checked_weights(style_weights, num_styles, batch)
    sums = tf.reduce_sum(weights, axis=1)
    right = tf.reduce_all(sums < 1 + ROUNDING)
    return when([(right, "`style_weights` must have sums of at most 1 beside a vector.", sums)], weights)[0]


def checked_mixtures(style_weights: tf.Tensor, num_styles: int, batch: tf.Tensor) -> tf.Tensor:
    """Weights as rows that sum to 1: only their ratios matter."""
    weights = _checked_weights(style_weights, num_styles, batch)
    right = tf.reduce_all(tf.reduce_any(weights > 0, axis=1))
    (weights,) = when([(right, "`style_weights` must have a weight above 0 each.", weights)], weights)
    weights /= tf.reduce_max(weights, axis=1, keepdims=True)  # first, so that the sum of very large ones stays finite
    return weights / tf.reduce_sum(weights, axis=1, keepdims=True)


def _checked_weights(style_weights, num_styles, batch):
    weights = checked_rows("style_weights", style_weights, num_styles, batch)
    return when([(tf.reduce_all(weights >= 0), "`style_weights` must not be negative.", weights)], weights)[0]


def checked_vector(
    name: str, values: tf.Tensor, batch: tf.Tensor | None, low: float, high: float | None = None
) -> tf.Tensor:
    """A number for each of `batch` (None: any number of them but 0), from `low` to `high`."""
    sentence = f"`{name}` must have shape (batch,)"
    (values,) = when([_rank(values, 1, f"{sentence}.")], values)
    count = tf.shape(values)[0]
    if batch is None:
        size = count > 0, f"{sentence}, at least one.", count
    else:
        size = tf.equal(count, batch), f"{sentence}, one for each of the batch.", count
    if high is None:
        limits = tf.reduce_all(values >= low), f"`{name}` must be from {low} on.", values
    else:
        limits = tf.reduce_all((values >= low) & (values <= high)), f"`{name}` must be from {low} to {high}.", values
    return when([size, limits], values)[0]


def _rank(tensor, rank, sentence):
    # The operation itself: `tf.rank` would believe the signature, which no server holds a request to.
    return tf.equal(tf.raw_ops.Rank(input=tensor), rank), sentence, tf.raw_ops.Shape(input=tensor)
