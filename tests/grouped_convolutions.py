"""StyleGAN2's modulated convolutions as the paper writes them: a kernel per image, in one grouped convolution.

The reference for `keras_stylegan.ops.modulation`, in tests and in benchmarks/stylegan2_speed.py.
"""

import contextlib
import sys
import unittest.mock

import numpy as np
from keras import ops

from keras_stylegan.layers import synthesis

FIR = np.outer([1, 3, 3, 1], [1, 3, 3, 1]).astype("float32") / 16


def kernels(styles, kernel, demodulate, epsilon=1e-8):
    """(batch, size, size, channels, filters): equations 1 and 3."""
    scaled = kernel[None] * styles[:, None, None, :, None]
    if demodulate:
        scaled = scaled / ops.sqrt(ops.sum(ops.square(scaled), axis=(1, 2, 3), keepdims=True) + epsilon)
    return scaled


convolve = ops.conv


def grouped_conv(features, kernels, padding):
    """Each image of (batch, h, w, c) with its own kernel of (batch, k, k, c, f)."""
    batch, height, width, channels = features.shape
    size, filters = kernels.shape[1], kernels.shape[-1]
    side_by_side = ops.reshape(ops.transpose(features, (1, 2, 0, 3)), (1, height, width, batch * channels))
    kernel = ops.reshape(ops.transpose(kernels, (1, 2, 3, 0, 4)), (size, size, channels, batch * filters))
    x = convolve(side_by_side, ops.cast(kernel, side_by_side.dtype), padding=padding)
    return ops.transpose(ops.reshape(x, (*x.shape[1:3], batch, filters)), (2, 0, 1, 3))


def modulated_conv(features, styles, kernel, upsample=False, gain=1.0, epsilon=1e-8):
    scaled = kernels(styles, kernel, True, epsilon)
    if not upsample:
        return gain * grouped_conv(features, scaled, "same")
    batch, height, width, channels = features.shape
    # Zeros between the pixels by stacking and reshaping; then the kernel, mirrored, then the filter.
    x = ops.reshape(features, (batch, height, 1, width, 1, channels))
    x = ops.reshape(ops.pad(x, ((0, 0), (0, 0), (0, 1), (0, 0), (0, 1), (0, 0))), (batch, 2 * height, 2 * width, -1))
    x = grouped_conv(ops.pad(x, ((0, 0), (2, 1), (2, 1), (0, 0))), ops.flip(scaled, (1, 2)), "valid")
    fir = ops.cast(np.tile(FIR[:, :, None, None], (1, 1, x.shape[-1], 1)), x.dtype)
    return gain * ops.depthwise_conv(ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))), fir, padding="valid")


def modulated_pointwise(features, styles, kernel):
    return grouped_conv(features, kernels(styles, kernel[None, None], False), "same")


@contextlib.contextmanager
def grouped_form(convolution=ops.conv):
    """Context in which synthesis layers compute by grouped convolutions.

    Args:
        convolution: callable `(x, kernel, padding=...)` that runs them.
    """
    with (
        unittest.mock.patch.object(sys.modules[__name__], "convolve", convolution),
        unittest.mock.patch.object(synthesis, "modulated_conv", modulated_conv),
        unittest.mock.patch.object(synthesis, "modulated_pointwise", modulated_pointwise),
    ):
        yield
