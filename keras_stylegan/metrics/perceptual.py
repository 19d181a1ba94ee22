"""A perceptual distance between pictures, for path lengths."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from keras import ops


def perceptual_distance(network) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Makes the distance that a perceptual network sees: LPIPS' form with equal weights, and not to be called LPIPS.

    At each tap features are scaled to unit length over channels; the squared distance is averaged over positions and
    summed over taps.

    Args:
        network: `PerceptualNetwork`, such as `build_perceptual("compact")`.

    Returns:
        Callable from two batches of pictures `(batch, height, width, 3)` in [-1, 1] to distances `(batch,)`, at least
        0: the `distance` of `perceptual_path_length`.

    Source: Zhang et al. 2018, "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", equation 1.
    """

    def unit(features):
        return features / ops.sqrt(ops.sum(ops.square(features), axis=-1, keepdims=True) + 1e-10)

    def distance(pictures, others):
        taps, other_taps = network(ops.cast(pictures, "float32")), network(ops.cast(others, "float32"))
        squares = [ops.sum(ops.square(unit(taps[tap]) - unit(other_taps[tap])), axis=-1) for tap in taps]
        return ops.convert_to_numpy(sum(ops.mean(square, axis=(1, 2)) for square in squares))

    return distance
