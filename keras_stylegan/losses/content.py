"""Content loss: how far the features of a picture moved from those of its photograph."""

from keras import ops

CONTENT_METHODS = ("relative", "mse")


def content_loss(features, targets, method="relative"):
    """Squared error of features, for each image.

    Args:
        features: tensor of shape `(batch, height, width, channels)`, features of the output (one tap of a perceptual
            network).
        targets: tensor of the same shape, features of the photograph.
        method: `"relative"` divides the sum of squares by the targets' own, `|F - P|^2 / |P|^2`, which makes the loss
            independent of the network's scale and of the tap; `"mse"` is the mean over positions and channels.

    Returns:
        Float32 tensor of shape `(batch,)`.

    Raises:
        ValueError: for an unknown method.

    Source: Johnson et al. 2016 (arXiv 1603.08155), equation 2, for `"mse"`.
    """
    if method not in CONTENT_METHODS:
        raise ValueError(f"`method` must be one of {', '.join(CONTENT_METHODS)}. Received: {method!r}")
    features, targets = ops.cast(features, "float32"), ops.cast(targets, "float32")
    squares = ops.square(features - targets)
    if method == "mse":
        return ops.mean(squares, axis=(1, 2, 3))
    return ops.sum(squares, axis=(1, 2, 3)) / (ops.sum(ops.square(targets), axis=(1, 2, 3)) + 1e-12)
