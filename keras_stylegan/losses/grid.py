"""Grid: the regular pattern that a network's upsampling leaves in its pictures."""

import math

from keras import ops

# Bins of the spectrum, counted from a line's own: a Hann window spreads the line over three.
_ON, _BESIDE = (-1, 0, 1), (-5, -4, -3, 3, 4, 5)
# Squared amplitude of a quarter of a grey level: in flat pictures nothing fainter counts.
_FLOOR = (0.25 / 127.5) ** 2


def grid_loss(images, periods=(2, 4, 8)):
    """How far the spectrum at the periods of upsampling stands above the spectrum beside them, for each image.

    A network that enlarges its features by 2 repeats what it does in each cell, and finds there a cheap texture for
    flat ground. Of rows and of columns the power at 1/period cycles a pixel, and 3 to 5 bins beside it, is averaged
    over the picture and its channels; the result is the mean, over both directions and all periods, of the logarithm
    of their ratio where that is above 0. A strong texture costs nothing as long as it is no more regular than that.

    Args:
        images: float tensor of shape `(batch, height, width, channels)` in [-1, 1], both sides at least 32 pixels and
            known.
        periods: periods in pixels, at least 2.

    Returns:
        Float32 tensor of shape `(batch,)`, 0 for pictures without a grid.

    Raises:
        ValueError: if a side is shorter, or a period is below 2.
    """
    if not periods or min(periods) < 2:
        raise ValueError(f"`periods` must be at least 2. Received: periods={periods}")
    height, width = images.shape[1:3]
    if min(height, width) < 32:
        raise ValueError(f"`images` must be at least 32x32. Received: {width}x{height}")
    images = ops.cast(images, "float32")
    images = images - ops.mean(images, axis=(1, 2), keepdims=True)
    total = 0.0
    for rows in (ops.swapaxes(images, 2, 3), ops.swapaxes(images, 1, 3)):  # the direction to look along comes last
        for period in periods:
            excess = ops.log((_power(rows, period, _ON) + _FLOOR) / (_power(rows, period, _BESIDE) + _FLOOR))
            total = total + ops.relu(excess)
    return total / (2 * len(periods))


def _power(rows, period, bins):
    """Mean squared amplitude of the last axis at some bins beside 1/period cycles a pixel, of shape `(batch,)`."""
    side = rows.shape[-1]
    position = ops.reshape(ops.arange(side, dtype="float32"), (side, 1))
    window = 0.5 - 0.5 * ops.cos(2 * math.pi * (position + 0.5) / side)
    angles = 2 * math.pi * position * ops.convert_to_tensor([[1 / period + k / side for k in bins]], "float32")
    # A wave of amplitude a has the product a/2 with the window, whose sum is side/2, and itself.
    waves = [window * wave * (4 / side) for wave in (ops.cos(angles), ops.sin(angles))]
    return sum(ops.mean(ops.square(ops.matmul(rows, wave)), axis=(1, 2, 3)) for wave in waves)
