"""How sure a mean is: percentile bootstrap intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def bootstrap_interval(
    values: Sequence[float], confidence: float = 0.95, resamples: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """The interval that holds the mean with the given confidence, by resampling with replacement.

    Args:
        values: at least one number. Where one is infinite (the PSNR of equal pictures), so are both ends.
        confidence: above 0 and below 1.
        resamples: samples drawn.
        seed: repeats them.

    Returns:
        `(low, high)`: quantiles of the resampled means.

    Raises:
        ValueError: if an argument breaks its rule.

    Source: Efron 1979, "Bootstrap Methods: Another Look at the Jackknife" (percentile interval).
    """
    values = np.asarray(values, "float64")
    if values.ndim != 1 or not values.size:
        raise ValueError(f"`values` must be a list of at least one number. Received: shape {values.shape}")
    if not 0 < confidence < 1:
        raise ValueError(f"`confidence` must be between 0 and 1. Received: confidence={confidence}")
    if resamples < 1:
        raise ValueError(f"`resamples` must be positive. Received: resamples={resamples}")
    if not np.isfinite(values).all():
        return float(values.mean()), float(values.mean())
    drawn = np.random.default_rng(seed).integers(0, values.size, (resamples, values.size))
    low, high = np.quantile(values[drawn].mean(axis=1), [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
