"""Gradient penalties of discriminators, as functions of gradients.

They take gradients, not networks: `keras_stylegan.ops.gradients.input_gradient` makes those on every backend, and a
critic with a known gradient tests the formula alone. Each returns one value per image in float32 (float64 stays).
"""

import keras
from keras import ops


def _squared_norm(gradients):
    if keras.backend.standardize_dtype(gradients.dtype) != "float64":
        gradients = ops.cast(gradients, "float32")
    return ops.sum(ops.square(gradients), axis=tuple(range(1, len(gradients.shape))))


def r1_penalty(real_gradients, gamma=10.0):
    """Zero-centred gradient penalty on real images, `gamma / 2 * ||grad||^2`, summed over pixels and channels.

    Args:
        real_gradients: tensor of shape `(batch, ...)`, gradient of the logits with respect to the real images before
            any augmentation.
        gamma: float, weight.

    Returns:
        Tensor of shape `(batch,)`.

    Source: Mescheder et al. 2018, "Which Training Methods for GANs do actually Converge?", equation 9.
    """
    return 0.5 * gamma * _squared_norm(real_gradients)


def r2_penalty(fake_gradients, gamma=10.0):
    """Zero-centred gradient penalty on generated images, `gamma / 2 * ||grad||^2`.

    Args:
        fake_gradients: tensor of shape `(batch, ...)`, gradient of the logits with respect to the generated images.
        gamma: float, weight.

    Returns:
        Tensor of shape `(batch,)`.

    Source: Mescheder et al. 2018, equation 10.
    """
    return r1_penalty(fake_gradients, gamma)


def gradient_penalty(gradients, weight=10.0):
    """One-centred gradient penalty, `weight * (||grad|| - 1)^2`, the norm taken over all axes but the batch.

    Args:
        gradients: tensor of shape `(batch, ...)`, gradient of the critic with respect to `interpolate(...)`.
        weight: float; 10 for images, 0.1 for two-dimensional toys.

    Returns:
        Tensor of shape `(batch,)`.

    Source: Gulrajani et al. 2017, "Improved Training of Wasserstein GANs", equation 3.
    """
    # The floor keeps the square root's slope finite where the gradient vanishes; it changes no value above 1e-12.
    norm = ops.sqrt(ops.maximum(_squared_norm(gradients), 1e-24))
    return weight * ops.square(norm - 1.0)


def interpolate(real, fake, alpha):
    """Points between real and generated images, at which the critic's gradient is penalised.

    Args:
        real: tensor of shape `(batch, ...)`.
        fake: tensor of the same shape.
        alpha: tensor that broadcasts to it, `(batch, 1, 1, 1)` for images: one number per image, drawn uniformly from
            [0, 1] (the paper's choice; a normal distribution, seen in the wild, leaves the segment).

    Returns:
        Tensor of shape `(batch, ...)`, `alpha * real + (1 - alpha) * fake`.

    Source: Gulrajani et al. 2017, algorithm 1.
    """
    return alpha * real + (1.0 - alpha) * fake
