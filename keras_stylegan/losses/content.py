"""Content loss: how far the features of a picture moved from those of its photograph; and how far its light did."""

from keras import ops

CONTENT_METHODS = ("correlation", "relative", "mse")

_LUMA = ((0.299,), (0.587,), (0.114,))
# Added to a channel's variance: a channel that is silent in one picture correlates with nothing.
_VARIANCE_EPSILON = 1e-5


def content_loss(features, targets, method="relative"):
    """How far the features of a picture are from the photograph's, for each image.

    - `"correlation"`: 1 minus the correlation over positions, averaged over channels: 0 where every feature fires in
      the same places, whatever its strength. A painting may then be brighter, of more contrast or of other colours
      than the photograph and pay nothing: what counts is where things are. (Gatys' optimisation ends at a larger
      `"relative"` error but a higher correlation than a network trained on `"relative"`.) A channel that is silent in
      either picture counts as uncorrelated, 1, without a gradient.
    - `"relative"`: `|F - P|^2 / |P|^2`, which makes the loss independent of the network's scale and of the tap.
    - `"mse"`: the mean over positions and channels of `(F - P)^2`.

    Args:
        features: tensor of shape `(batch, height, width, channels)`, features of the output (one tap of a perceptual
            network).
        targets: tensor of the same shape, features of the photograph.
        method: `"correlation"`, `"relative"` or `"mse"`.

    Returns:
        Float32 tensor of shape `(batch,)`.

    Raises:
        ValueError: for an unknown method.

    Source: Johnson et al. 2016 (arXiv 1603.08155), equation 2, for `"mse"`; the other two are this project's, measured.
    """
    if method not in CONTENT_METHODS:
        raise ValueError(f"`method` must be one of {', '.join(CONTENT_METHODS)}. Received: {method!r}")
    features, targets = ops.cast(features, "float32"), ops.cast(targets, "float32")
    if method == "correlation":
        product = ops.mean(_standardized(features) * _standardized(targets), axis=(1, 2))
        return 1.0 - ops.mean(product, axis=-1)
    squares = ops.square(features - targets)
    if method == "mse":
        return ops.mean(squares, axis=(1, 2, 3))
    return ops.sum(squares, axis=(1, 2, 3)) / (ops.sum(ops.square(targets), axis=(1, 2, 3)) + 1e-12)


def light_loss(images, photographs, cell=16):
    """How far light and shade of a picture are from the photograph's, for each image.

    1 minus the correlation of the mean luma of cells. The features of a perceptual network hardly see slow changes of
    brightness, so a network trained on them alone may put halos around what it paints and dark bands into a sky, in
    all styles the same; Gatys' optimisation, which begins with the photograph, keeps them (on cells of 16 pixels its
    pictures correlate to 0.95). Strokes inside of a cell, contrast and colour cost nothing.

    Args:
        images: float tensor of shape `(batch, height, width, 3)`, RGB in [-1, 1], sides of at least two cells.
        photographs: float tensor of the same shape.
        cell: int, side of a cell in pixels; what is left at the lower and right edge is not seen.

    Returns:
        Float32 tensor of shape `(batch,)`, 0 to 2; 1 without a gradient where either picture is flat.

    Raises:
        ValueError: if a known side is shorter than two cells.
    """
    if any(side is not None and side < 2 * cell for side in images.shape[1:3]):
        height, width = images.shape[1:3]
        raise ValueError(f"`images` must be at least {2 * cell}x{2 * cell}. Received: {width}x{height}")
    images, photographs = (_light(x, cell) for x in (images, photographs))
    return content_loss(images, photographs, "correlation")


def _light(images, cell):
    luma = ops.matmul(ops.cast(images, "float32"), ops.convert_to_tensor(_LUMA, "float32"))
    return ops.average_pool(luma, cell, cell)


def _standardized(features):
    mean = ops.mean(features, axis=(1, 2), keepdims=True)
    variance = ops.mean(ops.square(features - mean), axis=(1, 2), keepdims=True)
    return (features - mean) * ops.rsqrt(variance + _VARIANCE_EPSILON)
