"""FIR resampling and the convolutions around it: against zero insertion and correlation written out in NumPy."""

import numpy as np
import pytest
from keras import ops

from keras_stylegan.ops.fir import conv_downsample, conv_upsample, fir_downsample, fir_filter, fir_upsample
from keras_stylegan.ops.gradients import input_gradient

RNG = np.random.default_rng(11)
TAPS = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64


def padded(x, before, after):
    return np.pad(x, ((0, 0), (before, after), (before, after), (0, 0)))


def correlate(x, kernel):
    """Valid correlation of (n, h, w, c) with (k, k, c, f)."""
    k = kernel.shape[0]
    height, width = x.shape[1] - k + 1, x.shape[2] - k + 1
    return sum(
        np.einsum("nhwc,cf->nhwf", x[:, i : i + height, j : j + width], kernel[i, j])
        for i in range(k)
        for j in range(k)
    )


def diagonal(taps, channels):
    return taps[:, :, None, None] * np.eye(channels)


def zero_inserted(x):
    n, h, w, c = x.shape
    spread = np.zeros((n, 2 * h, 2 * w, c))
    spread[:, ::2, ::2] = x
    return spread


def reference_upsample(x):
    return correlate(padded(zero_inserted(x), 2, 1), diagonal(4 * TAPS, x.shape[-1]))


def reference_downsample(x):
    return correlate(padded(x, 1, 1), diagonal(TAPS, x.shape[-1]))[:, ::2, ::2]


def reference_conv_upsample(x, kernel):
    if kernel.shape[0] == 1:
        return reference_upsample(correlate(x, kernel))
    # Zeros between the pixels, full correlation with the mirrored kernel (which is what a transposed convolution
    # does), then the filter.
    spread = correlate(padded(zero_inserted(x), 2, 1), kernel[::-1, ::-1])
    return correlate(padded(spread, 1, 1), diagonal(4 * TAPS, kernel.shape[-1]))


def reference_conv_downsample(x, kernel):
    if kernel.shape[0] == 1:
        return correlate(reference_downsample(x), kernel)
    return correlate(correlate(padded(x, 2, 2), diagonal(TAPS, x.shape[-1])), kernel)[:, ::2, ::2]


def images(height=6, width=4, channels=3, dtype="float64"):
    return RNG.normal(size=(2, height, width, channels)).astype(dtype)


CASES = [
    (fir_upsample, reference_upsample, ()),
    (fir_downsample, reference_downsample, ()),
    (conv_upsample, reference_conv_upsample, (3, 3, 3, 2)),
    (conv_upsample, reference_conv_upsample, (1, 1, 3, 2)),
    (conv_downsample, reference_conv_downsample, (3, 3, 3, 2)),
    (conv_downsample, reference_conv_downsample, (1, 1, 3, 2)),
]
every_case = pytest.mark.parametrize(("function", "reference", "kernel_shape"), CASES)


@every_case
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-5)])
def test_values(function, reference, kernel_shape, dtype, tolerance):
    x, kernels = images(dtype=dtype), ([RNG.normal(size=kernel_shape).astype(dtype)] if kernel_shape else [])
    ours = ops.convert_to_numpy(function(ops.convert_to_tensor(x), *map(ops.convert_to_tensor, kernels)))
    np.testing.assert_allclose(ours, reference(x, *kernels), rtol=0, atol=tolerance)


@every_case
def test_first_and_second_gradient(function, reference, kernel_shape):
    """The sum of cubes makes the second derivative depend on the images: both orders against finite differences."""
    x, direction, other = images(4, 4), images(4, 4), images(4, 4)
    kernels = [ops.convert_to_tensor(RNG.normal(size=kernel_shape))] if kernel_shape else []

    def slope(values):
        def total(t):
            return ops.sum(function(t, *kernels) ** 3, axis=(1, 2, 3))

        return input_gradient(total, values)[1]

    def along(values):
        return ops.sum(slope(values) * direction, axis=(1, 2, 3))

    tensor = ops.convert_to_tensor(x)
    numeric = [np.sum(reference_sum(reference, x + s * 1e-5 * direction, kernels)) for s in (1, -1)]
    assert float(ops.sum(along(tensor))) == pytest.approx((numeric[0] - numeric[1]) / 2e-5, rel=1e-6)
    second = ops.convert_to_numpy(input_gradient(along, tensor)[1])
    ends = [float(ops.sum(along(ops.convert_to_tensor(x + s * 1e-5 * other)))) for s in (1, -1)]
    assert float(np.sum(second * other)) == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-6)


def reference_sum(reference, x, kernels):
    return reference(x, *(ops.convert_to_numpy(kernel) for kernel in kernels)) ** 3


def test_a_constant_keeps_its_value_away_from_the_border():
    ones = ops.ones((1, 8, 8, 1))
    for x in (fir_upsample(ones), fir_downsample(ones), fir_filter(ones)):
        np.testing.assert_allclose(ops.convert_to_numpy(x)[:, 2:-2, 2:-2], 1, atol=1e-6)


def test_bfloat16_stays_bfloat16():
    x = ops.ones((1, 4, 4, 2), "bfloat16")
    assert fir_upsample(x).dtype == fir_downsample(x).dtype == x.dtype
