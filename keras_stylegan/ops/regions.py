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
    x, weights = _rows(ops.cast(features, "float32")), _rows(ops.cast(regions, "float32"))
    # About the picture's own mean: E[x^2] - E[x]^2 cancels where a mean is large.
    centre = ops.mean(x, axis=1, keepdims=True)
    x = x - centre
    weights = ops.transpose(weights, (0, 2, 1))
    total = ops.sum(weights, axis=-1, keepdims=True) + _PRIOR
    mean = ops.matmul(weights, x) / total
    squares = ops.square(x)
    square = (ops.matmul(weights, squares) + _PRIOR * ops.mean(squares, axis=1, keepdims=True)) / total
    return mean + centre, ops.maximum(square - ops.square(mean), 0.0)


def seam_pairs(source, target, masks):
    """Colours on both sides of the edges of regions, as means over windows of 3x3 pixels.

    Args:
        source, target: float tensors `(batch, height, width, 3)`.
        masks: tensor of shape `(batch, height, width, regions)` in [0, 1].

    Returns:
        `(inside, outside, weights)`: mean colours of the source under the masks and of the target beside them, float32
        `(batch, height, width, 3)`; and how much of an edge of each region a window holds, `(batch, height, width,
        regions)`, from 0 to 1/4.
    """
    masks = ops.cast(masks, "float32")
    covered = coverage(masks)
    inside, share = _window_mean(covered * ops.cast(source, "float32")), _window_mean(covered)
    outside, rest = _window_mean((1.0 - covered) * ops.cast(target, "float32")), _window_mean(1.0 - covered)
    weights = _window_mean(masks) * rest
    return inside / ops.maximum(share, 1e-3), outside / ops.maximum(rest, 1e-3), weights


def seam_transform(inside, outside, weights, epsilon=1e-3):
    """Gain and offset of each channel that give the inner side of a region's edge the moments of the outer side.

    A photograph goes on across an edge that was drawn into it, so both sides have one distribution of colours, and what
    differs is what was done to the region. Unlike a regression of the sides on each other, moments do not shrink where
    the pairs agree only in the mean.

    Args:
        inside, outside, weights: as `seam_pairs` returns them.
        epsilon: float, added to variances: flat sides say nothing about the gain.

    Returns:
        Two float32 tensors of shape `(batch, regions, 3)`; gain 1 and offset 0 of a region without an edge.
    """
    mean, variance = region_moments(inside, weights)
    wanted, spread = region_moments(outside, weights)
    gain = ops.sqrt((spread + epsilon) / (variance + epsilon))
    # Of the identity and the transform found, an edge of few pixels gets a mixture.
    length = ops.sum(weights, axis=(1, 2))[..., None]
    trust = length / (length + 1.0)
    return 1.0 + trust * (gain - 1.0), trust * (wanted - gain * mean)


def _window_mean(maps):
    return ops.average_pool(maps, 3, strides=1, padding="same")


def paint_regions(values, regions):
    """Gives every pixel the values of its regions, mixed by their weights.

    Args:
        values: tensor of shape `(batch, regions, channels)`.
        regions: tensor of shape `(batch, height, width, regions)`.

    Returns:
        Float32 tensor of shape `(batch, height, width, channels)`.
    """
    _, height, width, _ = ops.shape(regions)
    painted = ops.matmul(_rows(ops.cast(regions, "float32")), ops.cast(values, "float32"))
    return ops.reshape(painted, (-1, height, width, values.shape[-1]))


def _rows(maps):
    _, height, width, _ = ops.shape(maps)
    return ops.reshape(maps, (-1, height * width, maps.shape[-1]))
