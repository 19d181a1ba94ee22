"""The largest singular value of a weight, by power iteration."""

import keras
from keras import ops


def _unit(vector):
    return vector / ops.maximum(ops.norm(vector), 1e-12)


def spectral_norm(kernel, vector, steps=1):
    """Estimates the spectral norm of a kernel, seen as a matrix from its inputs to its last axis.

    Differentiable with respect to the kernel; the singular vectors count as constants.

    Args:
        kernel: tensor of shape `(..., filters)`.
        vector: tensor of shape `(filters,)`, the estimate of the right singular vector so far.
        steps: int, power iterations; with 0 `vector` is taken as it is.

    Returns:
        `(norm, vector)`: a float32 scalar (float64 stays), and the improved vector, which the caller is to keep.

    Source: Miyato et al. 2018, "Spectral Normalization for Generative Adversarial Networks", algorithm 1.
    """
    matrix = ops.reshape(kernel, (-1, kernel.shape[-1]))
    if keras.backend.standardize_dtype(matrix.dtype) != "float64":
        matrix = ops.cast(matrix, "float32")
    constant = ops.stop_gradient(matrix)
    left = _unit(ops.matmul(constant, vector))
    for _ in range(steps):
        vector = _unit(ops.matmul(left, constant))
        left = _unit(ops.matmul(constant, vector))
    return ops.sum(left * ops.squeeze(ops.matmul(matrix, vector[:, None]), -1)), ops.stop_gradient(vector)
