"""Plane waves over a picture: a seed of texture where the picture itself has none."""

import math

import numpy as np
from keras import ops

# Wavelengths in pixels of the full picture, from the finest that features at a quarter of the size can hold.
SHORTEST, LONGEST = 10.0, 80.0
# Successive directions differ by the golden angle, so that however many are taken they spread evenly.
GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))


def plane_waves(features, num_waves, stride):
    """Sine waves of different lengths and directions, fixed to the picture's upper left corner.

    A convolutional network without noise can only repeat a flat sky; Gatys' optimisation fills it with strokes. These
    waves give the network something to shape into strokes. Their lengths have no common multiple, so the pattern does
    not repeat. They are the same for every picture and exact on every backend: sin(a + b) is put together from the
    sines and cosines of rows and columns, which are as few as the picture's sides.

    Args:
        features: tensor of shape `(batch, height, width, channels)`, of which only the size counts.
        num_waves: int, channels of the result.
        stride: int, pixels of the full picture per step of `features`.

    Returns:
        float32 tensor of shape `(1, height, width, num_waves)`, values in [-1, 1].
    """
    ratio = (LONGEST / SHORTEST) ** (1 / max(1, num_waves - 1))
    rates = [2 * math.pi * stride / (SHORTEST * ratio**i) for i in range(num_waves)]
    # Rounded to half precision, so that a file with half-precision constants draws the very same waves.
    down = np.float16([rate * math.sin(GOLDEN_ANGLE * i) for i, rate in enumerate(rates)])
    across = np.float16([rate * math.cos(GOLDEN_ANGLE * i) for i, rate in enumerate(rates)])
    # Counting by a cumulative sum works with unknown sizes on every backend and in LiteRT.
    ones = ops.ones_like(ops.cast(features[:1, :, :, :1], "float32"))
    rows = ops.cumsum(ones[:, :, :1], axis=1) * ops.convert_to_tensor(down, "float32")
    columns = ops.cumsum(ones[:, :1], axis=2) * ops.convert_to_tensor(across, "float32")
    return ops.sin(rows) * ops.cos(columns) + ops.cos(rows) * ops.sin(columns)
