"""Convolutions whose kernels a style scales, image by image, without a kernel per image."""

import keras
from keras import ops

from keras_stylegan.ops.fir import conv_upsample


def demodulation(styles, kernel, epsilon=1e-8):
    """The factor that brings every output channel of a modulated convolution back to unit variance.

    `rsqrt(sum_i s_i^2 * sum_k W_kio^2)` needs the kernel's power once and then one matrix product (equation 3 with
    the sums in another order).

    Args:
        styles: tensor of shape `(batch, channels)`.
        kernel: tensor of shape `(size, size, channels, filters)`, of the same dtype.
        epsilon: float, added to the variance.

    Returns:
        Tensor of shape `(batch, filters)`.

    Source: Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", equation 3.
    """
    power = ops.sum(ops.square(kernel), axis=(0, 1))
    return ops.rsqrt(ops.matmul(ops.square(styles), power) + epsilon)


def modulated_conv(features, styles, kernel, upsample=False, gain=1.0, epsilon=1e-8):
    """Modulated and demodulated convolution: scale the channels, convolve, scale the filters.

    Equal to a convolution with the kernels `W_kio * s_i * d_o` of each image (equations 1 to 3), but with one kernel
    for all images, so a plain convolution does the work: no grouped convolution, whose gradient does not run on every
    backend. Statistics are in the styles' dtype, products in that of the features; where these differ, the styles of
    an image are first divided by the largest, which the demodulation undoes, so that float16 does not overflow.

    Args:
        features: tensor of shape `(batch, height, width, channels)`.
        styles: tensor of shape `(batch, channels)`, float32 or more.
        kernel: tensor of shape `(3, 3, channels, filters)` or `(1, 1, channels, filters)`, of the styles' dtype.
        upsample: bool, whether height and width are doubled (`ops.fir.conv_upsample`).
        gain: float, factor of the result.
        epsilon: float, added to the variance.

    Returns:
        Tensor of shape `(batch, height, width, filters)`, twice as high and wide with `upsample`, of the features'
        dtype.

    Source: Karras et al. 2020, section 2.2.
    """
    factors = gain * demodulation(styles, kernel, epsilon)
    if keras.backend.standardize_dtype(features.dtype) != keras.backend.standardize_dtype(styles.dtype):
        # It cancels, so the gradient need not pass through it.
        largest = ops.stop_gradient(ops.maximum(ops.max(ops.abs(styles), axis=1, keepdims=True), 1e-8))
        styles, factors = styles / largest, factors * largest
    x = features * ops.cast(styles, features.dtype)[:, None, None]
    kernel = ops.cast(kernel, features.dtype)
    x = conv_upsample(x, kernel) if upsample else ops.conv(x, kernel, padding="same")
    return x * ops.cast(factors, x.dtype)[:, None, None]


def modulated_pointwise(features, styles, kernel):
    """Modulated 1x1 convolution to a few channels, without demodulation.

    For so few filters a kernel per image is small: one matrix product an image, and the features are read once.

    Args:
        features: tensor of shape `(batch, height, width, channels)`.
        styles: tensor of shape `(batch, channels)`.
        kernel: tensor of shape `(channels, filters)`.

    Returns:
        Tensor of shape `(batch, height, width, filters)`, of the styles' dtype.

    Source: Karras et al. 2020, appendix B (no demodulation in the output layers).
    """
    _, height, width, channels = ops.shape(features)
    rows = ops.reshape(ops.cast(features, styles.dtype), (-1, height * width, channels))
    return ops.reshape(ops.matmul(rows, styles[:, :, None] * kernel), (-1, height, width, kernel.shape[1]))
