"""Gradient penalties with critics of known gradient, by finite differences, and clipped weights."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_stylegan.layers import ClipWeights
from keras_stylegan.losses import gradient_penalty, interpolate, r1_penalty, r2_penalty
from keras_stylegan.ops.gradients import input_gradient, value_and_gradients

RNG = np.random.default_rng(5)
WEIGHTS = RNG.normal(size=(2, 3, 1)).astype("float32")
SQUARE = float(np.sum(WEIGHTS**2))


def linear_critic(images):
    return ops.sum(images * WEIGHTS, axis=(1, 2, 3))


def test_gradient_of_a_linear_critic():
    images = ops.convert_to_tensor(RNG.normal(size=(4, 2, 3, 1)), "float32")
    outputs, gradients = input_gradient(linear_critic, images)
    np.testing.assert_allclose(ops.convert_to_numpy(gradients), np.broadcast_to(WEIGHTS, (4, 2, 3, 1)), rtol=1e-6)
    np.testing.assert_allclose(ops.convert_to_numpy(outputs), ops.convert_to_numpy(linear_critic(images)), rtol=1e-6)


@pytest.mark.parametrize(
    ("penalty", "expected"),
    [
        (lambda g: r1_penalty(g, gamma=3.0), 1.5 * SQUARE),
        (lambda g: r2_penalty(g, gamma=3.0), 1.5 * SQUARE),
        (r1_penalty, 5.0 * SQUARE),
        (lambda g: gradient_penalty(g, weight=0.1), 0.1 * (SQUARE**0.5 - 1) ** 2),
        (gradient_penalty, 10.0 * (SQUARE**0.5 - 1) ** 2),
        (lambda g: gradient_penalty(0.1 * g / SQUARE**0.5), 10.0 * 0.81),
    ],
)
def test_penalty_of_a_linear_critic(penalty, expected):
    gradients = ops.convert_to_tensor(np.stack([WEIGHTS, WEIGHTS]))
    values = ops.convert_to_numpy(penalty(gradients))
    assert values.shape == (2,) and values.dtype == "float32"
    np.testing.assert_allclose(values, expected, rtol=1e-5)


@pytest.mark.parametrize("penalty", [r1_penalty, r2_penalty, gradient_penalty])
@pytest.mark.parametrize(("dtype", "expected"), [("bfloat16", "float32"), ("float64", "float64")])
def test_dtype(penalty, dtype, expected):
    assert keras.backend.standardize_dtype(penalty(ops.ones((2, 3), dtype)).dtype) == expected


def test_vanishing_gradient_keeps_a_finite_slope():
    slope = keras.Variable(np.zeros(3, "float32"))

    def loss():
        _, gradients = input_gradient(lambda x: ops.sum(x * slope, axis=1), ops.ones((2, 3)))
        return ops.sum(gradient_penalty(gradients)), ()

    value, _, (gradient,) = value_and_gradients(loss, [slope])
    assert float(value) == pytest.approx(20.0)
    assert np.isfinite(ops.convert_to_numpy(gradient)).all()


@pytest.mark.parametrize("penalty", [r1_penalty, gradient_penalty])
def test_gradient_of_a_penalty_by_finite_differences(penalty):
    """The second derivative: what the critic's weights receive, in float64."""
    matrix = keras.Variable(RNG.normal(size=(3, 4)), dtype="float64")
    images = ops.convert_to_tensor(RNG.normal(size=(5, 3)), "float64")

    def loss():
        _, gradients = input_gradient(lambda x: ops.sum(ops.tanh(x @ matrix), axis=1), images)
        return ops.sum(penalty(gradients)), ()

    _, _, (gradient,) = value_and_gradients(loss, [matrix])
    start, direction = ops.convert_to_numpy(ops.copy(matrix.value)), RNG.normal(size=(3, 4))
    ends = []
    for sign in (1, -1):
        matrix.assign(start + sign * 1e-5 * direction)
        ends.append(float(loss()[0]))
    expected = (ends[0] - ends[1]) / 2e-5
    assert float(np.sum(ops.convert_to_numpy(gradient) * direction)) == pytest.approx(expected, rel=1e-7)


def test_interpolate_goes_from_fake_to_real():
    real, fake = np.ones((3, 2, 2, 1), "float32"), -np.ones((3, 2, 2, 1), "float32")
    alpha = np.array([0.0, 0.25, 1.0], "float32").reshape(3, 1, 1, 1)
    points = ops.convert_to_numpy(interpolate(real, fake, alpha))
    np.testing.assert_allclose(points[:, 0, 0, 0], [-1.0, -0.5, 1.0])


def test_value_and_gradients_of_an_unused_and_an_indexed_variable():
    unused, bank = keras.Variable(np.ones(2, "float32")), keras.Variable(np.ones((4, 2), "float32"))
    index = ops.convert_to_tensor([1, 1, 3])
    _, _, gradients = value_and_gradients(lambda: (ops.sum(ops.take(bank, index, axis=0)), ()), [unused, bank])
    np.testing.assert_array_equal(ops.convert_to_numpy(gradients[0]), [0, 0])
    np.testing.assert_array_equal(ops.convert_to_numpy(gradients[1])[:, 0], [0, 2, 0, 1])


def test_clip_weights_after_an_update():
    layer = keras.layers.Dense(1, kernel_constraint=ClipWeights(0.5), use_bias=False)
    layer.build((None, 3))
    optimizer = keras.optimizers.SGD(1.0)
    layer.kernel.assign([[0.4], [-0.4], [0.1]])
    optimizer.apply([ops.convert_to_tensor([[-1.0], [1.0], [0.2]])], [layer.kernel])
    np.testing.assert_allclose(layer.kernel.numpy()[:, 0], [0.5, -0.5, -0.1], atol=1e-7)


def test_clip_weights_configuration():
    config = keras.saving.serialize_keras_object(ClipWeights(0.25))
    assert config["registered_name"] == "keras_stylegan>ClipWeights"
    assert keras.saving.deserialize_keras_object(config).limit == 0.25
    with pytest.raises(ValueError, match="`limit` must be positive. Received: limit=0"):
        ClipWeights(0)
