"""Operations are counted as the formulas say, in layers and outside of them."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_stylegan.flops import _jax, count_flops


def count(layer, shape):
    """Of one image."""
    layer(np.zeros((1, *shape), "float32"))
    return count_flops(lambda: layer(np.zeros((1, *shape), "float32")))


def test_layers():
    assert count(layers.Dense(5), (7,)) == 2 * 7 * 5
    assert count(layers.Conv2D(4, 3, strides=2, padding="same"), (8, 6, 5)) == 2 * (4 * 3) * (3 * 3 * 5) * 4
    assert count(layers.Conv2D(4, 3, groups=2), (8, 8, 6)) == 2 * (6 * 6) * (3 * 3 * 3) * 4
    assert count(layers.DepthwiseConv2D(3, padding="same"), (8, 8, 6)) == 2 * (8 * 8) * (3 * 3) * 6
    # Each input position writes a window of the kernel.
    assert count(layers.Conv2DTranspose(4, 3, strides=2, padding="same"), (8, 8, 6)) == 2 * (8 * 8 * 6) * (3 * 3) * 4


def test_transposed_convolutions_count_alike_on_jax():
    jax = pytest.importorskip("jax")
    image, kernel = np.zeros((1, 8, 8, 6), "float32"), np.zeros((3, 3, 6, 4), "float32")
    plain = _jax(lambda: jax.lax.conv(image.transpose(0, 3, 1, 2), kernel.transpose(3, 2, 0, 1), (1, 1), "SAME"))
    assert plain == 2 * (8 * 8 * 6) * (3 * 3) * 4
    assert _jax(lambda: jax.lax.conv_transpose(image, kernel, (2, 2), "SAME")) == 2 * (8 * 8 * 6) * (3 * 3) * 4


def test_operations_outside_of_layers():
    a, b = np.zeros((2, 3, 4), "float32"), np.zeros((2, 4, 5), "float32")
    assert count_flops(lambda: ops.matmul(a, b)) == 2 * 2 * 3 * 4 * 5
    assert count_flops(lambda: ops.matmul(a[0], b[0]) + 1.0) == 2 * 3 * 4 * 5
    assert count_flops(lambda: ops.einsum("bij,bjk->bik", a, b)) == 2 * 2 * 3 * 4 * 5
    assert count_flops(lambda: ops.exp(a)) == 0
    assert keras.backend.backend() == "tensorflow"  # tests/test_runs.py compares the backends
