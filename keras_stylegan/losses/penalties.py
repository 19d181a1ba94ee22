"""Gradient penalties of discriminators and generators, as functions of gradients.

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


def path_lengths(style_gradients):
    """How far a picture moves when its styles do: the length of `J_w^T y` for a random picture y.

    Args:
        style_gradients: tensor of shape `(batch, num_styles, style_dim)`, gradient with respect to the styles of
            `sum(generator(styles) * y)`, with y drawn from N(0, 1 / pixels) (`pixels` is height * width).

    Returns:
        Tensor of shape `(batch,)`: the root of the mean over the styles of the squared lengths.

    Source: Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", section 3.2 and its code (the
    mean over the styles, where the paper has one w).
    """
    # The floor keeps the root's slope finite where nothing moves; it changes no length above 1e-12.
    return ops.sqrt(ops.maximum(_squared_norm(style_gradients) / style_gradients.shape[1], 1e-24))


def path_length_penalty(lengths, mean, weight=2.0):
    """Squared deviation of path lengths from their running mean, `weight * (length - mean)^2`.

    Args:
        lengths: tensor of shape `(batch,)`, as `path_lengths` returns it.
        mean: tensor that broadcasts to it, without gradient.
        weight: float.

    Returns:
        Tensor of shape `(batch,)`.

    Source: Karras et al. 2020, equation 4.
    """
    return weight * ops.square(lengths - ops.cast(mean, lengths.dtype))
