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


def interpolate_latents(latents: np.ndarray, steps: int, loop: bool = True) -> np.ndarray:
    """Walks from each latent to the next along great circles, on which normal latents keep their usual length.

    Args:
        latents: float array of shape `(stops, latent_dim)`, at least two.
        steps: points from one stop to the next, the stop included.
        loop: whether to end where it began; then the last point is one step before the first.

    Returns:
        float32 array of shape `(points, latent_dim)`: `stops * steps` points with `loop`, otherwise
        `(stops - 1) * steps + 1`.

    Raises:
        ValueError: for fewer than two stops, or `steps` below 1.
    """
    if len(latents) < 2 or steps < 1:
        raise ValueError(
            f"`latents` must be at least two and `steps` at least 1. Received: {len(latents)} latents, steps={steps}"
        )
    stops = np.concatenate([latents, latents[:1]]) if loop else latents
    points = [
        spherical(one, other, step / steps)
        for one, other in zip(stops, stops[1:], strict=False)
        for step in range(steps)
    ]
    return np.stack(points if loop else [*points, stops[-1]]).astype("float32")


def spherical(one: np.ndarray, other: np.ndarray, share: float) -> np.ndarray:
    """The point on the great circle between two vectors, `share` of the way from the first.

    Source: Shoemake 1985; for latents: White 2016, "Sampling Generative Networks", section 2.1.
    """
    cosine = np.dot(one, other) / max(np.linalg.norm(one) * np.linalg.norm(other), 1e-12)
    angle = np.arccos(np.clip(cosine, -1.0, 1.0))
    if np.sin(angle) < 1e-6:  # parallel: the circle is a line
        return (1.0 - share) * one + share * other
    return (np.sin((1.0 - share) * angle) * one + np.sin(share * angle) * other) / np.sin(angle)
