"""Rectangles cut out of pictures."""

from keras import ops


def whole_number(share, low, high):
    """Integers from `low` to `high`, both possible, of a share in [0, 1]: of a uniform one uniform; int32."""
    low, high = ops.cast(low, "float32"), ops.cast(high, "float32")
    return ops.cast(low + ops.minimum(ops.floor(share * (high - low + 1.0)), high - low), "int32")


def cut_out(images, shares):
    """Sets a rectangle of half of both sides to 0; its centre may be anywhere, so that up to half of it sticks out.

    Args:
        images: tensor of shape `(batch, height, width, channels)`.
        shares: tensor of shape `(batch, 2)`, uniform in [0, 1]: how far down and to the right it lies.

    Returns:
        Tensor like `images`.

    Source: DeVries & Taylor 2017, "Improved Regularization of Convolutional Neural Networks with Cutout".
    """
    _, height, width, _ = ops.shape(images)
    inside = True
    for axis, side in enumerate((height, width)):
        size = (side + 1) // 2
        first = whole_number(shares[:, axis], -(size // 2), side - size + size // 2)[:, None]
        positions = ops.arange(side, dtype="int32")[None]
        within = ops.logical_and(positions >= first, positions < first + size)
        inside = ops.logical_and(inside, ops.expand_dims(within, (2, 3) if axis == 0 else (1, 3)))
    return images * ops.cast(ops.logical_not(inside), images.dtype)
