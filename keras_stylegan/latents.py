"""From seeds to latents, with NumPy alone: the same pictures on every backend and in every batch."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


def seeded_latents(seeds: Iterable[int], latent_dim: int) -> np.ndarray:
    """Draws a latent for each seed, whatever the others are.

    Args:
        seeds: integers from 0 on.
        latent_dim: length of a latent.

    Returns:
        float32 array of shape `(seeds, latent_dim)`, from the standard normal distribution.

    Raises:
        ValueError: if there is no seed, or one is negative.
    """
    seeds = [int(seed) for seed in seeds]
    if not seeds or min(seeds) < 0:
        raise ValueError(f"`seeds` must be integers from 0 on, at least one. Received: seeds={seeds}")
    return np.stack([np.random.default_rng(seed).standard_normal(latent_dim, "float32") for seed in seeds])
