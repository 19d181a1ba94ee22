"""Regions of a picture: masks that share its pixels out, and statistics of each."""

from keras import ops

# Pixels of the whole picture that every region is given: an empty one then has the statistics of the picture.
_PRIOR = 1e-3


def with_background(masks):
    """Adds what no region covers as a last region.

    Args:
        masks: tensor of shape `(batch, height, width, regions)`, values in [0, 1].

    Returns:
        Float32 tensor of shape `(batch, height, width, regions + 1)`.
    """
    masks = ops.cast(masks, "float32")
    return ops.concatenate([masks, 1.0 - coverage(masks)], axis=-1)


def coverage(masks):
    """How much of each pixel the regions cover together, `(batch, height, width, 1)`, at most 1."""
    return ops.minimum(ops.sum(ops.cast(masks, "float32"), axis=-1, keepdims=True), 1.0)


def region_moments(features, regions):
    """Mean and variance of every channel over every region.

    Args:
        features: tensor of shape `(batch, height, width, channels)`.
        regions: tensor of shape `(batch, height, width, regions)`, weights that are not negative.

    Returns:
        Two float32 tensors of shape `(batch, regions, channels)`. Of a region without pixels they are the whole
        picture's.
    """
    x, weights = pixel_rows(ops.cast(features, "float32")), pixel_rows(ops.cast(regions, "float32"))
    # About the picture's own mean: E[x^2] - E[x]^2 cancels where a mean is large.
    centre = ops.mean(x, axis=1, keepdims=True)
    x = x - centre
    weights = ops.transpose(weights, (0, 2, 1))
    total = ops.sum(weights, axis=-1, keepdims=True) + _PRIOR
    mean = ops.matmul(weights, x) / total
    squares = ops.square(x)
    square = (ops.matmul(weights, squares) + _PRIOR * ops.mean(squares, axis=1, keepdims=True)) / total
    return mean + centre, ops.maximum(square - ops.square(mean), 0.0)


def paint_regions(values, regions):
    """Gives every pixel the values of its regions, mixed by their weights.

    Args:
        values: tensor of shape `(batch, regions, channels)`.
        regions: tensor of shape `(batch, height, width, regions)`.

    Returns:
        Float32 tensor of shape `(batch, height, width, channels)`.
    """
    _, height, width, _ = ops.shape(regions)
    painted = ops.matmul(pixel_rows(ops.cast(regions, "float32")), ops.cast(values, "float32"))
    return ops.reshape(painted, (-1, height, width, values.shape[-1]))


def pixel_rows(maps):
    """Maps `(batch, height, width, channels)` as `(batch, height * width, channels)`."""
    _, height, width, _ = ops.shape(maps)
    return ops.reshape(maps, (-1, height * width, maps.shape[-1]))
