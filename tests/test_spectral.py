"""Spectral normalisation: the norm, its gradient, its state (test_backends.py trains with it on every backend)."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_stylegan.layers import SpectralConv2D, SpectralDense
from keras_stylegan.ops.gradients import value_and_gradients
from keras_stylegan.ops.spectral import spectral_norm


def matrix(rows, columns, seed=0):
    return np.random.default_rng(seed).normal(size=(rows, columns)).astype("float32")


def test_power_iteration_finds_the_largest_singular_value():
    kernel = matrix(12, 5).reshape(2, 2, 3, 5)
    norm, vector = spectral_norm(kernel, np.ones(5, "float32"), steps=50)
    singular = np.linalg.svd(kernel.reshape(12, 5))
    np.testing.assert_allclose(norm, singular.S[0], rtol=1e-5)
    np.testing.assert_allclose(np.abs(np.array(vector)), np.abs(singular.Vh[0]), atol=1e-3)


def test_gradient_passes_through_the_norm():
    # d/dW of sum(C * W / sigma) = C / sigma - <C, W> u v^T / sigma^2
    layer = SpectralDense(4, use_bias=False)
    inputs = matrix(3, 6, 1)
    layer.build((None, 6))
    for _ in range(50):
        layer(inputs, training=True)
    weight = np.array(layer.kernel)
    singular = np.linalg.svd(weight)
    slope = np.repeat(inputs.sum(0)[:, None], 4, 1)
    sigma = singular.S[0]
    expected = slope / sigma - (slope * weight).sum() / sigma**2 * np.outer(singular.U[:, 0], singular.Vh[0])
    _, _, (gradient,) = value_and_gradients(lambda: (ops.sum(layer(inputs)), ()), [layer.kernel])
    np.testing.assert_allclose(gradient, expected, atol=1e-4)


def test_training_improves_the_estimate_and_inference_leaves_it():
    layer = SpectralConv2D(3, 3)
    images = matrix(2, 75).reshape(2, 5, 5, 3)
    layer(images)
    start = np.array(layer.singular_vector)
    layer(images, training=False)
    np.testing.assert_array_equal(np.array(layer.singular_vector), start)
    for _ in range(60):
        layer(images, training=True)
    kernel = np.array(layer.kernel).reshape(27, 3)
    np.testing.assert_allclose(
        np.array(layer.normalized_kernel(False)).reshape(27, 3), kernel / np.linalg.svd(kernel).S[0], atol=1e-4
    )


def test_the_state_is_saved(tmp_path):
    model = keras.Sequential([keras.Input((5, 5, 3)), SpectralConv2D(3, 3), keras.layers.Flatten(), SpectralDense(2)])
    model(matrix(2, 75).reshape(2, 5, 5, 3), training=True)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for ours, theirs in zip(model.layers, loaded.layers, strict=True):
        if hasattr(ours, "singular_vector"):
            np.testing.assert_array_equal(np.array(ours.singular_vector), np.array(theirs.singular_vector))


@pytest.mark.parametrize(
    "make, name",
    [(lambda: SpectralConv2D(0, 3), "filters"), (lambda: SpectralDense(0), "units")],
    ids=["conv", "dense"],
)
def test_wrong_sizes_are_told(make, name):
    with pytest.raises(ValueError, match=f"`{name}` must be positive. Received: {name}=0"):
        make()
