"""Bent plane waves over a picture: a seed of texture where the picture itself has none."""

import math

import numpy as np
from keras import ops

# Wavelengths in pixels of the full picture; bent, the finest still fits features at a quarter of the size.
SHORTEST, LONGEST = 12.0, 80.0
# Successive directions differ by the golden angle, so that however many are taken they spread evenly.
GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))
# A wave's rate along an axis swings by this share of its whole rate: crests bend by up to 30 degrees.
BEND = 0.5
# How many wavelengths two swings of the rate take, down and across. No common multiples, so nothing repeats.
SWINGS = ((3.7, 6.1), (4.3, 7.9))


def plane_waves(features, num_waves, stride, origin=None):
    """Sine waves of different lengths and directions, their crests bent, fixed to the picture's upper left corner.

    A convolutional network without noise can only repeat a flat sky; Gatys' optimisation fills it with strokes. These
    waves give the network something to shape into strokes. Straight crests at one distance would print a pattern:
    here the rate of every wave swings along both axes. They are the same for every picture and exact on every
    backend: sin(a + b) is put together from the sines and cosines of rows and columns, which are as few as the
    picture's sides.

    Args:
        features: tensor of shape `(batch, height, width, channels)`, of which only the size counts.
        num_waves: int, channels of the result.
        stride: int, pixels of the full picture per step of `features`.
        origin: optional float tensor `(batch, 2)`, row and column of the first step of `features`, in steps; 0 by
            default. Trained at many origins, a network does not learn by heart the waves of one place.

    Returns:
        float32 tensor of shape `(1, height, width, num_waves)`, or `(batch, height, width, num_waves)` with
        `origin`; values in [-1, 1].
    """
    ratio = (LONGEST / SHORTEST) ** (1 / max(1, num_waves - 1))
    rates = np.array([2 * math.pi * stride / (SHORTEST * ratio**i) for i in range(num_waves)])
    angles = GOLDEN_ANGLE * np.arange(num_waves)
    # Counting by a cumulative sum works with unknown sizes on every backend and in LiteRT.
    down, across = features[:1, :, :1, :1], features[:1, :1, :, :1]
    rows, columns = (ops.cumsum(ops.ones_like(ops.cast(x, "float32")), axis) for x, axis in ((down, 1), (across, 2)))
    if origin is not None:
        origin = ops.cast(origin, "float32")
        rows, columns = rows + origin[:, :1, None, None], columns + origin[:, 1:, None, None]
    down = _phase(rows, rates * np.sin(angles), rates, SWINGS[0])
    across = _phase(columns, rates * np.cos(angles), rates, SWINGS[1])
    return ops.sin(down) * ops.cos(across) + ops.cos(down) * ops.sin(across)


def _phase(steps, mean_rates, rates, swings):
    """Phase along one axis: its rate swings about the mean, twice and out of step."""
    phase = steps * _half_precision(mean_rates)
    for swing in swings:  # in wavelengths; it also serves as a starting angle
        pace = _half_precision(rates / swing)
        phase = phase + BEND / 2 * swing * ops.sin(steps * pace + swing)
    return phase


def _half_precision(values):
    """Rounded to half precision, so that a file with half-precision constants draws the very same waves."""
    return ops.convert_to_tensor(np.float16(values), "float32")
