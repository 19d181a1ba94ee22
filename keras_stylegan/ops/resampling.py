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


def resize_bilinear(x, size):
    """Resizes by bilinear interpolation between pixel centres, also to a size that only the running graph knows.

    Args:
        x: tensor of shape `(batch, height, width, channels)`.
        size: `(height, width)` of the result, ints or scalar tensors.

    Returns:
        Tensor of shape `(batch, *size, channels)`.
    """
    if all(isinstance(side, int) for side in size):
        return ops.image.resize(x, size, interpolation="bilinear")
    # Keras compares sizes with numbers while it traces.
    for axis, target in zip((1, 2), size, strict=True):
        source = ops.shape(x)[axis]
        scale = ops.cast(source, "float32") / ops.cast(target, "float32")
        places = (ops.cast(ops.arange(target, dtype="int32"), "float32") + 0.5) * scale - 0.5
        places = ops.clip(places, 0.0, ops.cast(source - 1, "float32"))
        before = ops.cast(ops.floor(places), "int32")
        share = ops.reshape(places - ops.cast(before, "float32"), (-1, 1, 1) if axis == 1 else (-1, 1))
        share = ops.cast(share, x.dtype)
        after = ops.minimum(before + 1, source - 1)
        x = (1 - share) * ops.take(x, before, axis=axis) + share * ops.take(x, after, axis=axis)
    return x
