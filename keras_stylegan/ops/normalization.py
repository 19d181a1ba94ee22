"""Normalisations over a picture."""

from keras import ops


def instance_norm(features, scale=None, shift=None, epsilon=1e-5):
    """Gives every channel of every image the mean `shift` and the spread `scale` over its pixels.

    The variance is E[x^2] - E[x]^2 in float32, one pass over the pixels: in LiteRT two thirds of the time of the
    two-pass form. Cancellation costs up to 1e-6 * mean^2 / variance, which features of a trained network are far
    from feeling (tests/test_layers.py holds both forms together); below zero it is cut off. Scale and shift are folded
    into the normalisation's own, so that every pixel is multiplied once and added to once.

    Args:
        features: tensor of shape `(batch, height, width, channels)`.
        scale: optional tensor of shape `(batch, channels)`, or a map of the features' shape; 1 where missing.
        shift: optional tensor like `scale`; 0 where missing.
        epsilon: float, added to the variance.

    Returns:
        Tensor of the same shape and dtype.

    Source: Ulyanov et al. 2017, Improved Texture Networks, equation 4.
    """
    factor, offset = instance_affine(features, scale, shift, epsilon)
    return ops.cast(ops.cast(features, "float32") * factor + offset, features.dtype)


def instance_affine(features, scale=None, shift=None, epsilon=1e-5, axes=(1, 2)):
    """What `instance_norm` multiplies by and adds: the picture's statistics and the style, in one.

    Args:
        features, scale, shift, epsilon: as of `instance_norm`.
        axes: tuple of ints, what the statistics are taken over; `(0, 1, 2)` for the parts of one picture.

    Returns:
        Factor and offset, float32, both broadcastable to the features' shape.
    """
    x = ops.cast(features, "float32")
    mean = ops.mean(x, axis=axes, keepdims=True)
    variance = ops.maximum(ops.mean(ops.square(x), axis=axes, keepdims=True) - ops.square(mean), 0.0)
    factor = ops.rsqrt(variance + epsilon)
    if scale is not None:
        factor = factor * over_positions(ops.cast(scale, "float32"))
    offset = -mean * factor
    if shift is not None:
        offset = offset + over_positions(ops.cast(shift, "float32"))
    return factor, offset


def over_positions(values):
    """Gives `(batch, channels)` the two axes of positions; a map `(batch, height, width, channels)` stays as it is."""
    return values[:, None, None] if len(values.shape) == 2 else values


def pixel_norm(features, epsilon=1e-8):
    """Divides by the root mean square over the last axis: every pixel, or every latent, gets length `sqrt(channels)`.

    Args:
        features: tensor of shape `(..., channels)`.
        epsilon: float, added to the mean square.

    Returns:
        Tensor of the same shape and dtype.

    Source: Karras et al. 2018, "Progressive Growing of GANs", section 4.2.
    """
    return features * ops.rsqrt(ops.mean(ops.square(features), axis=-1, keepdims=True) + epsilon)
