"""How far a picture is from the one that is wanted."""

import keras
from keras import ops


def absolute_error(images, targets):
    """Mean absolute difference, L1, over all axes but the batch.

    Args:
        images: tensor of shape `(batch, ...)`.
        targets: tensor of the same shape.

    Returns:
        Tensor of shape `(batch,)`, float32 (float64 stays).

    Source: Isola et al. 2017, equation 3.
    """
    difference = ops.abs(_precise(images) - _precise(targets))
    return ops.mean(difference, axis=tuple(range(1, len(difference.shape))))


def squared_error(images, targets):
    """Mean squared difference over all axes but the batch.

    Args:
        images: tensor of shape `(batch, ...)`.
        targets: tensor of the same shape.

    Returns:
        Tensor of shape `(batch,)`, float32 (float64 stays).
    """
    difference = ops.square(_precise(images) - _precise(targets))
    return ops.mean(difference, axis=tuple(range(1, len(difference.shape))))


def _precise(values):
    """Half precision would round the difference of two bright pixels away."""
    values = ops.convert_to_tensor(values)
    return values if keras.backend.standardize_dtype(values.dtype) == "float64" else ops.cast(values, "float32")
