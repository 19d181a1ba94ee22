"""Resampling whose gradients of every order are right, and which LiteRT's built-in operators express."""

from keras import ops


def upsample_nearest(features, factor=2):
    """Repeats every pixel `factor` times along height and width.

    Written as depth_to_space of repeated channels: unlike `UpSampling2D` it converts to LiteRT with unknown height and
    width, and its gradient is a plain sum on every backend. Concatenation repeats, since XNNPACK takes no TILE.

    Args:
        features: tensor of shape `(batch, height, width, channels)`.
        factor: int, repetitions of each row and column.

    Returns:
        Tensor of shape `(batch, factor * height, factor * width, channels)`.
    """
    return ops.depth_to_space(ops.concatenate([features] * factor**2, axis=-1), factor)
