"""Statistics of feature maps: moments, Gram matrices, sorted values, and the bounded distance between two of them.

All are computed in float32 whatever the features' dtype: a variance or a Gram matrix sums tens of thousands of
products, which bfloat16's eight bits do not hold.
"""

from keras import ops

GRAM_CONVENTIONS = ("hwc", "hw", "raw")


def moments(features, epsilon=0.0):
    """Mean and standard deviation over positions, in two passes (E[x^2] - E[x]^2 cancels where the mean is large).

    Args:
        features: tensor of shape `(batch, height, width, channels)`.
        epsilon: float added to the biased variance before the root; where a channel may be constant and a gradient is
            taken it must be positive, since the root has no finite slope at 0.

    Returns:
        Two float32 tensors of shape `(batch, channels)`.
    """
    features = ops.cast(features, "float32")
    mean = ops.mean(features, axis=(1, 2), keepdims=True)
    variance = ops.mean(ops.square(features - mean), axis=(1, 2))
    return mean[:, 0, 0], ops.sqrt(variance + epsilon)


def gram_matrix(features, convention="hwc", mask=None):
    """Gram matrix over positions, `F^T F` divided by what the convention says.

    Args:
        features: tensor of shape `(batch, height, width, channels)`, `F` with one row a position.
        convention: `"hwc"` divides by height * width * channels (this package's default), `"hw"` by height * width,
            `"raw"` by nothing. `convert_gram` goes from one to another.
        mask: optional tensor broadcastable to `(batch, height, width, 1)`, weights from 0 to 1 of a region. The
            features are multiplied by it and the sum of its squares takes the place of height * width, so the matrix
            of a region does not shrink with the region and a mask of ones changes nothing.

    Returns:
        Float32 tensor of shape `(batch, channels, channels)`.

    Raises:
        ValueError: for an unknown convention.

    Source: Gatys et al. 2016, equation 3; masks: Gatys et al. 2017 (arXiv 1611.07865), equations 5 and 6.
    """
    _check_convention("convention", convention)
    features = ops.cast(features, "float32")
    _, height, width, channels = ops.shape(features)
    positions = ops.cast(height * width, "float32")
    if mask is not None:
        mask = ops.cast(mask, "float32") * ops.ones_like(features[..., :1])
        features = features * mask
        # An empty region has an empty Gram matrix; the floor only keeps 0 / 0 from becoming NaN.
        positions = ops.maximum(ops.sum(ops.square(mask), axis=(1, 2)), 1e-6)[:, :, None]
    rows = ops.reshape(features, (-1, height * width, channels))
    gram = ops.matmul(ops.transpose(rows, (0, 2, 1)), rows)
    if convention == "raw":
        return gram
    return gram / (positions * channels if convention == "hwc" else positions)


def convert_gram(gram, source, target, positions, channels):
    """A Gram matrix of one convention in another.

    Args:
        gram: tensor of Gram matrices in the convention `source`.
        source, target: `"hwc"`, `"hw"` or `"raw"`, see `gram_matrix`.
        positions: int, height * width of the features.
        channels: int, channels of the features.

    Returns:
        Tensor of the shape of `gram`.
    """
    return gram * (_divisor(source, positions, channels) / _divisor(target, positions, channels))


def convert_style_weight(weight, source, target, positions, channels):
    """The weight that keeps `weight * mean((G - A)^2)` of one layer equal when its Gram convention changes.

    Between `"hw"` and `"hwc"` the mean-squared term differs by exactly channels^2 (4,096 at 64 channels, 262,144 at
    512), so a list of weights taken from another implementation re-weights the layers against each other unless it is
    converted layer by layer. Relative distances (`relative_distance`) do not depend on the convention at all.

    Args:
        weight: float or tensor, the weight used with the convention `source`.
        source, target, positions, channels: as in `convert_gram`.

    Returns:
        The weight to use with the convention `target`.
    """
    return weight * (_divisor(target, positions, channels) / _divisor(source, positions, channels)) ** 2


def relative_distance(values, targets, epsilon=1e-12):
    """`|x - y|^2 / (|x|^2 + |y|^2)` for each image: 0 when equal, 1 when orthogonal, at most 2, free of scale.

    Args:
        values: float tensor of shape `(batch, ...)`.
        targets: float tensor of the same shape, or with a batch of one.
        epsilon: float, keeps two all-zero inputs at distance 0.

    Returns:
        Float32 tensor of shape `(batch,)`.

    Source: Cheng et al. 2021, "Style-Aware Normalized Loss for Improving Arbitrary Style Transfer" (arXiv 2104.10064).
    """
    values, targets = ops.cast(values, "float32"), ops.cast(targets, "float32")
    axes = tuple(range(1, len(values.shape)))
    difference = ops.sum(ops.square(values - targets), axis=axes)
    energy = ops.sum(ops.square(values), axis=axes) + ops.sum(ops.square(targets), axis=axes)
    return difference / (energy + epsilon)


def sorted_values(features, num_quantiles=None):
    """Each channel's values in ascending order: its whole distribution, without the positions.

    Args:
        features: tensor of shape `(batch, height, width, channels)`.
        num_quantiles: optional int; the sorted values are interpolated to this many, so that pictures of different
            sizes can be stacked.

    Returns:
        Float32 tensor of shape `(batch, height * width or num_quantiles, channels)`.

    Source: exact feature distribution matching, Zhang et al. 2022 (arXiv 2203.07740), equation 6.
    """
    features = ops.cast(features, "float32")
    _, height, width, channels = ops.shape(features)
    # Sorted along the last axis, where every backend is fastest.
    rows = ops.transpose(ops.reshape(features, (-1, height * width, channels)), (0, 2, 1))
    values = ops.transpose(ops.sort(rows, axis=-1), (0, 2, 1))
    return values if num_quantiles is None else resample_quantiles(values, num_quantiles)


def resample_quantiles(values, num_quantiles):
    """Sorted values interpolated linearly to another number of them.

    Value i of n stands for the quantile (i + 1/2) / n, so equal numbers change nothing.

    Args:
        values: tensor of shape `(batch, n, channels)`, ascending along its second axis.
        num_quantiles: int, or scalar integer tensor.

    Returns:
        Tensor of shape `(batch, num_quantiles, channels)`.
    """
    last = ops.cast(ops.shape(values)[1], "float32") - 1.0
    levels = (ops.cast(ops.arange(num_quantiles), "float32") + 0.5) / ops.cast(num_quantiles, "float32")
    place = ops.clip(levels * (last + 1.0) - 0.5, 0.0, last)
    below = ops.floor(place)
    share = ops.reshape(place - below, (1, -1, 1))
    lower = ops.take(values, ops.cast(below, "int32"), axis=1)
    upper = ops.take(values, ops.cast(ops.minimum(below + 1.0, last), "int32"), axis=1)
    return lower + share * (upper - lower)


def _divisor(convention, positions, channels):
    _check_convention("source` and `target", convention)
    return {"hwc": positions * channels, "hw": positions, "raw": 1}[convention]


def _check_convention(argument, convention):
    if convention not in GRAM_CONVENTIONS:
        raise ValueError(f"`{argument}` must be one of {', '.join(GRAM_CONVENTIONS)}. Received: {convention!r}")
