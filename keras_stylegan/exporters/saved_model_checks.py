"""Rules of a served graph: a request that breaks one is answered by a sentence, before anything is computed.

A server looks at no more than names and types of tensors. Without these rules a wrong shape ends in a message about
some operation inside of the network, and a huge picture in a process out of memory.
"""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from keras_stylegan.inference.runtimes import MIN_SIDE

# Pixels of a request of pictures, and of each encoded picture: at some 170 bytes a pixel, 0.7 GB of working memory.
# Sixteen pictures of 512x512 are just within.
MAX_PIXELS = 2**22
# Pictures that a generator makes at once, and regions of a picture that are painted at once.
MAX_PICTURES, MAX_REGIONS = 64, 16
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


def checked_images(
    image: tf.Tensor, name: str = "image", max_pixels: int = MAX_PIXELS, smallest: int = 1, padded: int = MIN_SIDE
) -> tf.Tensor:
    """A batch of pictures that has the axes (batch, height, width, 3), none of them empty, and is not huge.

    Args:
        image: uint8 pictures.
        name: what a mistake calls them.
        max_pixels: how many there may be in all.
        smallest: pixels that a side must have.
        padded: pixels to which a shorter side is continued before anything is computed; it counts as that long.
    """
    (image,) = when([_rank(image, 4, f"`{name}` must have the axes (batch, height, width, 3).")], image)
    shape = tf.shape(image, out_type=tf.int64)
    large = tf.reduce_all(shape[1:3] >= smallest)
    counted = shape[0] * pixels_of(shape[1:3], padded)
    rules = [
        (tf.equal(shape[3], 3), f"`{name}` must be RGB, of shape (batch, height, width, 3).", shape),
        (tf.reduce_prod(shape[:3]) > 0, f"`{name}` must hold at least one picture of at least one pixel.", shape),
        (
            counted <= max_pixels,
            f"`{name}` must hold at most {max_pixels} pixels in all, with sides counted as {padded} at least; send "
            "fewer or smaller.",
            shape,
        ),
    ]
    if smallest > 1:
        rules.append((large, f"`{name}` must have at least {smallest} pixels on each side.", shape))
    return when(rules, image)[0]


def pixels_of(size: tf.Tensor, padded: int = MIN_SIDE) -> tf.Tensor:
    """Pixels of a picture of the size (height, width), int64, once its sides are continued to `padded` at least."""
    return tf.reduce_prod(tf.maximum(size, padded))


def checked_count(name: str, image: tf.Tensor, batch: tf.Tensor) -> tf.Tensor:
    """As many pictures as `batch`."""
    count = tf.shape(image)[0]
    return when([(tf.equal(count, batch), f"`{name}` must hold a picture for each of the batch.", count)], image)[0]


def checked_as(name: str, image: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """Pictures of the shape of others, which were checked."""
    sentence = f"`{name}` must have the shape of the other pictures, (batch, height, width, 3)."
    (image,) = when([_rank(image, 4, sentence)], image)
    shape = tf.shape(image)
    return when([(tf.reduce_all(tf.equal(shape, tf.shape(other))), sentence, shape)], image)[0]


def checked_masks(masks: tf.Tensor, image: tf.Tensor, max_regions: int = MAX_REGIONS) -> tf.Tensor:
    """Shares of regions at each pixel of pictures: `(batch, height, width, regions)`, sums of at most 1."""
    sentence = "`masks` must have shape (batch, height, width, regions)"
    (masks,) = when([_rank(masks, 4, f"{sentence}.")], masks)
    shape = tf.shape(masks)
    same = tf.reduce_all(tf.equal(shape[:3], tf.shape(image)[:3]))
    some = (shape[3] > 0) & (shape[3] <= max_regions)
    rules = [
        (same, f"{sentence}, with a share for each pixel of the pictures.", shape),
        (some, f"{sentence}, of 1 to {max_regions} regions.", shape),
    ]
    (masks,) = when(rules, masks)
    greatest = tf.reduce_max(tf.reduce_sum(masks, axis=-1))
    rules = [
        (tf.reduce_all(masks >= 0), "`masks` must be numbers from 0 on.", tf.reduce_min(masks)),
        (greatest < 1 + ROUNDING, "`masks` must have sums of at most 1 at each pixel.", greatest),
    ]
    return when(rules, masks)[0]


def checked_files(files: tf.Tensor, name: str = "image_bytes", batch: tf.Tensor | None = None) -> tf.Tensor:
    """A vector of strings, one for each of `batch` (None: at least one)."""
    if batch is None:
        sentence = f"`{name}` must have shape (batch,), at least one file."
    else:
        sentence = f"`{name}` must have shape (batch,), one file for each of the batch."
    (files,) = when([_rank(files, 1, sentence)], files)
    count = tf.shape(files)[0]
    return when([(count > 0 if batch is None else tf.equal(count, batch), sentence, count)], files)[0]


def checked_rows(
    name: str, rows: tf.Tensor, columns: int, batch: tf.Tensor, regions: tf.Tensor | None = None
) -> tf.Tensor:
    """Finite numbers, `columns` for each of `batch`, or for each of the `regions` of each."""
    axes, sizes = (("batch",), [batch]) if regions is None else (("batch", "regions"), [batch, regions])
    sentence = f"`{name}` must have shape ({', '.join(axes)}, {columns})"
    (rows,) = when([_rank(rows, len(axes) + 1, f"{sentence}.")], rows)
    shape = tf.shape(rows)
    whole = "the batch" if regions is None else "the regions of each picture"
    rules = [
        (tf.reduce_all(tf.equal(shape, [*sizes, columns])), f"{sentence}, a row for each of {whole}.", shape),
        (tf.reduce_all(tf.math.is_finite(rows)), f"`{name}` must be finite.", rows),
    ]
    return when(rules, rows)[0]


def checked_shares(
    style_weights: tf.Tensor, num_styles: int, batch: tf.Tensor, regions: tf.Tensor | None = None
) -> tf.Tensor:
    """Weights as rows that sum to 1, or to less by the share of styles that are not in the bank."""
    weights = _checked_weights(style_weights, num_styles, batch, regions)
    sums = tf.reduce_sum(weights, axis=-1)
    right = tf.reduce_all(sums < 1 + ROUNDING)
    return when([(right, "`style_weights` must have sums of at most 1 beside a vector.", sums)], weights)[0]


def checked_mixtures(style_weights: tf.Tensor, num_styles: int, batch: tf.Tensor) -> tf.Tensor:
    """Weights as rows that sum to 1: only their ratios matter."""
    weights = _checked_weights(style_weights, num_styles, batch)
    right = tf.reduce_all(tf.reduce_any(weights > 0, axis=1))
    (weights,) = when([(right, "`style_weights` must have a weight above 0 each.", weights)], weights)
    weights /= tf.reduce_max(weights, axis=1, keepdims=True)  # first, so that the sum of very large ones stays finite
    return weights / tf.reduce_sum(weights, axis=1, keepdims=True)


def _checked_weights(style_weights, num_styles, batch, regions=None):
    weights = checked_rows("style_weights", style_weights, num_styles, batch, regions)
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
