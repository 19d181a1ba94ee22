"""Statistics of features in bfloat16 and float16 are those of the same numbers in float64."""

import numpy as np
import pytest
from keras import ops

from keras_stylegan.ops import modulation, normalization, statistics

EPSILON = 1e-5


def features(dtype, mean=3.0, scale=20.0, size=64):
    """Features as a deep layer has them, large enough that sums in float16 overflow; and as float64."""
    values = np.random.default_rng(0).normal(mean, scale, (2, size, size, 4))
    given = ops.cast(ops.convert_to_tensor(values.astype("float32")), dtype)
    return given, ops.convert_to_numpy(ops.cast(given, "float32")).astype("float64")


def moments(x):
    return np.stack([x.mean((1, 2)), x.std((1, 2))])


def gram(x):
    rows = x.reshape(len(x), -1, x.shape[-1])
    return rows.transpose(0, 2, 1) @ rows / (rows.shape[1] * rows.shape[2])


def instance_norm(x):
    return (x - x.mean((1, 2), keepdims=True)) / np.sqrt(x.var((1, 2), keepdims=True) + EPSILON)


# Operation, definition in float64, and whether the result is rounded to the features' type.
OPERATIONS = {
    "moments": (lambda x: ops.stack(statistics.moments(x)), moments, False),
    "gram": (statistics.gram_matrix, gram, False),
    "instance_norm": (lambda x: normalization.instance_norm(x, epsilon=EPSILON), instance_norm, True),
}


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("name", OPERATIONS)
def test_low_precision_features(name, dtype):
    operation, definition, rounded = OPERATIONS[name]
    given, exact = features(dtype)
    result = ops.convert_to_numpy(ops.cast(operation(given), "float32"))
    expected = definition(exact)
    unit = {"float32": 2**-23, "bfloat16": 2**-8, "float16": 2**-11}[dtype] if rounded else 0.0
    error = np.abs(result - expected).max() / np.abs(expected).max()
    assert error < 2e-5 + unit, error


@pytest.mark.parametrize("size", [1.0, 1000.0])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("bfloat16", 2e-2), ("float16", 3e-3)])
def test_modulated_convolution_of_large_styles(dtype, tolerance, size):
    """Styles whose products with the features lie outside of float16: demodulation brings them back."""
    rng = np.random.default_rng(1)
    given, exact = features(dtype)
    styles = (size * rng.normal(1.0, 0.5, (2, 4))).astype("float32")
    kernel = rng.normal(size=(1, 1, 4, 5)).astype("float32")
    result = ops.cast(modulation.modulated_conv(given, styles, kernel), "float32")
    modulated = styles[:, :, None].astype("float64") * kernel[0, 0]
    modulated /= np.sqrt((modulated**2).sum(1, keepdims=True) + 1e-8)
    expected = np.einsum("bhwi,bio->bhwo", exact, modulated)
    assert np.abs(result - expected).max() / np.abs(expected).max() < tolerance
