"""Transposed convolutions of a LiteRT file for every size: XNNPACK takes them only where sizes are known beforehand.

Each is computed as the convolution that it is at the corners between pixels: every four pixels that meet give the four
new ones around their corner, in as many multiply-adds for a 4x4 kernel.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf

# Kernels of which two neighbours decide a new pixel at most.
_SIZES = (2, 3, 4)


@contextlib.contextmanager
def transposed_at_corners(network: keras.Model) -> Iterator[None]:
    """While it is open, the network's transposed convolutions that double the size are computed at corners.

    Args:
        network: built network; within a `tf.function` its kernels become constants.
    """
    layers = [layer for layer in network._flatten_layers() if _is_doubling(layer)]
    for layer in layers:
        layer.call = functools.partial(_call, layer)
    try:
        yield
    finally:
        for layer in layers:
            del layer.call


def corner_kernel(kernel: np.ndarray) -> np.ndarray:
    """The convolution at corners that a transposed one of stride 2 under "same" padding is.

    Args:
        kernel: array `(size, size, filters, channels)` of the transposed convolution, of size 2, 3 or 4.

    Returns:
        Array `(2, 2, channels, 4 * filters)`: the filters of the lower right of the four pixels around a corner come
        first, as they lead a block of 2x2 pixels, then those of the lower left, the upper right and the upper left.
    """
    size = len(kernel)
    before = (size - 2) // 2  # what "same" cuts off at the start
    # An even pixel is made of the pixel before and its own, an odd one of its own and the next.
    taps = ((2 + before, before), (1 + before, before - 1))
    padded = np.pad(kernel, ((1, 1), (1, 1), (0, 0), (0, 0)))  # zeros for taps that a smaller kernel lacks
    parts = [padded[np.ix_(np.add(rows, 1), np.add(columns, 1))] for rows in taps for columns in taps]
    return np.concatenate(parts, axis=2).swapaxes(2, 3)


def _is_doubling(layer):
    return (
        isinstance(layer, keras.layers.Conv2DTranspose)
        and (*layer.strides, *layer.dilation_rate, layer.padding) == (2, 2, 1, 1, "same")
        and layer.kernel_size[0] == layer.kernel_size[1]
        and layer.kernel_size[0] in _SIZES
    )


def _call(layer, features):
    with tf.init_scope():
        kernel = corner_kernel(keras.ops.convert_to_numpy(layer.kernel))
    padded = tf.pad(features, [[0, 0], [1, 1], [1, 1], [0, 0]])
    # Corner (i, j) is the upper left one of pixel (i, j).
    first, second, third, fourth = tf.split(tf.nn.conv2d(padded, kernel, 1, "VALID"), 4, axis=-1)
    blocks = [first[:, :-1, :-1], second[:, :-1, 1:], third[:, 1:, :-1], fourth[:, 1:, 1:]]
    x = tf.nn.depth_to_space(tf.concat(blocks, axis=-1), 2)
    if layer.use_bias:
        x += layer.bias
    return layer.activation(x)
