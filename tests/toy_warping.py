"""The adjoint and the second derivative of an affine map of images, beside those of its dense matrix."""

import numpy as np
from keras import ops

from keras_stylegan.layers import AdaptiveAugmentation
from keras_stylegan.ops.gradients import input_gradient


def numpy(tensor):
    return ops.convert_to_numpy(tensor)


def noise(*shape):
    return np.random.default_rng(1).uniform(-1, 1, shape).astype("float32")


def replayed(layer):
    """The layer with the same random numbers in every call."""
    start = numpy(layer.seed_generator.state)

    def apply(images):
        layer.seed_generator.state.assign(start)
        return layer(images, training=True)

    return apply


def adaptive():
    return replayed(AdaptiveAugmentation(initial=1.0, limit=1.0, seed=3))


def derivatives(apply, shape):
    """What the backend differentiates `x -> A x + shift` to, and the same from the matrix A of its values.

    Returns:
        Dict of float arrays: `forward` (<A z, b>), `adjoint` (A^T b, as the gradient of <A z, b>), `second` (the
        gradient of half the squared gradient of half of |A z + shift|^2, as a penalty has it), and each with
        `_expected`.
    """
    size = int(np.prod(shape))
    basis = np.eye(size, dtype="float32").reshape(size, 1, *shape)
    shift = numpy(apply(np.zeros((1, *shape), "float32"))).ravel()
    dense = np.stack([numpy(apply(column)).ravel() - shift for column in basis], axis=1).astype("float64")
    z, b = noise(1, *shape), noise(2, *shape)[1:]
    outputs, adjoint = input_gradient(lambda x: ops.sum(apply(x) * b, axis=(1, 2, 3)), z)

    def slope(x):
        _, gradients = input_gradient(lambda y: 0.5 * ops.sum(ops.square(apply(y)), axis=(1, 2, 3)), x)
        return 0.5 * ops.sum(ops.square(gradients), axis=(1, 2, 3))

    _, second = input_gradient(slope, z)
    return {
        "forward": float(numpy(outputs)[0]) - shift @ b.ravel(),
        "forward_expected": float(np.sum(numpy(adjoint) * z)),
        "adjoint": numpy(adjoint).ravel(),
        "adjoint_expected": dense.T @ b.ravel(),
        "second": numpy(second).ravel(),
        "second_expected": dense.T @ dense @ (dense.T @ (dense @ z.ravel() + shift)),
    }


def assert_exact(found, least=0.1):
    """That `derivatives` found what the matrix says, and that it is not nothing: at least so much somewhere."""
    np.testing.assert_allclose(found["forward"], found["forward_expected"], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found["adjoint"], found["adjoint_expected"], atol=1e-5)
    expected = found["second_expected"]
    np.testing.assert_allclose(found["second"], expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())
    assert np.abs(expected).max() > least


def main(path):
    """Saves the derivatives of every adaptive augmentation at once, on the backend that Keras runs on."""
    np.savez(path, **derivatives(adaptive(), (3, 3, 3)))
