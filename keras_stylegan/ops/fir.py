"""Resampling by two with the low-pass filter [1, 3, 3, 1], and convolutions with such a resampling inside.

Borders are zero-padded. The filter is a depthwise convolution with a constant kernel and the strided forms are the
backend's own strided and transposed convolutions. Their gradients of every order are such convolutions again, and on
a CPU oneDNN runs all of them at the speed of its plain ones: slices and sums, matrix products, stacked poolings,
polyphase kernels and zero insertion were all timed, forward and backward, and all were slower (bilinear resizing, which
looks like a rival, loses terms of its second derivative in TensorFlow).
"""

import keras
import numpy as np
from keras import ops

from keras_stylegan.ops.resampling import upsample_nearest

# Convolved with itself [1, 1] gives [1, 2, 1] and then [1, 3, 3, 1]: binomial filters, divided by their sums.
_TAPS = {3: np.array([1.0, 2.0, 1.0]) / 4, 4: np.array([1.0, 3.0, 3.0, 1.0]) / 8}


def fir_filter(features, padding=(2, 1), strides=1, num_taps=4, gain=1.0):
    """Filters every channel with the outer product of the taps.

    Args:
        features: tensor of shape `(batch, height, width, channels)`.
        padding: `(before, after)`, zeros added to both axes.
        strides: int, 1 or 2.
        num_taps: 4 for [1, 3, 3, 1] / 8, 3 for [1, 2, 1] / 4.
        gain: float, factor of the result.

    Returns:
        Tensor of shape `(batch, (height + before + after - num_taps) // strides + 1, ... , channels)`.
    """
    kernel = gain * np.outer(_TAPS[num_taps], _TAPS[num_taps])
    kernel = np.tile(kernel[:, :, None, None], (1, 1, features.shape[-1], 1))
    # Half precision is filtered in float32: on a CPU the bfloat16 gradient of a depthwise convolution is five times
    # slower.
    dtype = keras.backend.standardize_dtype(features.dtype)
    exact = keras.backend.result_type(dtype, "float32")
    x = ops.pad(ops.cast(features, exact), ((0, 0), padding, padding, (0, 0)))
    filtered = ops.depthwise_conv(x, ops.convert_to_tensor(kernel, exact), strides, "valid")
    return ops.cast(filtered, dtype)


def fir_downsample(features):
    """Halves height and width: filter, then every second pixel.

    Args:
        features: tensor of shape `(batch, height, width, channels)`, height and width even.

    Returns:
        Tensor of shape `(batch, height / 2, width / 2, channels)`.

    Source: Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", appendix B (bilinear
    filtering of StyleGAN, there [1, 2, 1], with the filter of its later code).
    """
    return fir_filter(features, (1, 1), strides=2)


def fir_upsample(features):
    """Doubles height and width: zeros between the pixels, then the filter with gain 4.

    Repeating pixels is inserting zeros followed by [1, 1], so only [1, 2, 1] is left to do.

    Args:
        features: tensor of shape `(batch, height, width, channels)`.

    Returns:
        Tensor of shape `(batch, 2 * height, 2 * width, channels)`.
    """
    return fir_filter(upsample_nearest(features), (1, 1), num_taps=3)


def conv_downsample(features, kernel):
    """Convolution to half the height and width.

    A 3x3 kernel: filter, then convolution with stride 2. A 1x1 kernel, which commutes with the filter: downsampling
    first, a quarter of the products.

    Args:
        features: tensor of shape `(batch, height, width, channels)`, height and width even.
        kernel: tensor of shape `(3, 3, channels, filters)` or `(1, 1, channels, filters)`.

    Returns:
        Tensor of shape `(batch, height / 2, width / 2, filters)`.
    """
    if kernel.shape[0] == 1:
        return ops.conv(fir_downsample(features), kernel)
    return ops.conv(fir_filter(features, (2, 2)), kernel, strides=2, padding="valid")


def conv_upsample(features, kernel):
    """Convolution to twice the height and width.

    A 3x3 kernel: zeros between the pixels, convolution, filter with gain 4. A 1x1 kernel: convolution, then upsampling.

    Args:
        features: tensor of shape `(batch, height, width, channels)`.
        kernel: tensor of shape `(3, 3, channels, filters)` or `(1, 1, channels, filters)`.

    Returns:
        Tensor of shape `(batch, 2 * height, 2 * width, filters)`.
    """
    if kernel.shape[0] == 1:
        return fir_upsample(ops.conv(features, kernel))
    # Pixels spread by the transposed convolution: (2 * height + 1, 2 * width + 1).
    spread = ops.conv_transpose(features, ops.transpose(kernel, (0, 1, 3, 2)), strides=2, padding="valid")
    return fir_filter(spread, (1, 1), gain=4.0)
