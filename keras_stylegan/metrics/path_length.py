"""Perceptual path length: how much the picture changes for a small step in latent space."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def perceptual_path_length(
    generate: Callable[[np.ndarray], np.ndarray],
    distance: Callable[[np.ndarray, np.ndarray], np.ndarray],
    starts: np.ndarray,
    ends: np.ndarray,
    interpolation: str = "linear",
    sampling: str = "end",
    epsilon: float = 1e-4,
    batch_size: int = 32,
    discard: tuple[float, float] = (1.0, 99.0),
    seed: int = 0,
) -> tuple[float, float]:
    """`E[d(G(l(t)), G(l(t + epsilon))) / epsilon^2]` along paths `l` between latents.

    Args:
        generate: callable from latents to images, `(batch, ...)` to `(batch, height, width, channels)`. For the length
            in W pass a synthesis network and w's, for that in Z the whole generator and z's. Noise must be constant.
        distance: callable from two batches of images to `(batch,)`, a squared perceptual distance, as
            `perceptual_distance` makes it. The score is named after its network: `PPL-compact`.
        starts, ends: arrays `(paths, ...)`, latents at both ends of each path.
        interpolation: `"linear"` (W) or `"spherical"` (Z: along the unit sphere, over the last axis).
        sampling: `"end"` takes every t = 0, `"full"` draws t uniformly from [0, 1].
        epsilon: step along the path.
        batch_size: paths at a time.
        discard: percentiles outside of which distances are dropped.
        seed: of the draws of t.

    Returns:
        Mean and standard deviation of what is kept.

    Raises:
        ValueError: for unknown names, latents of different shapes or none, or `epsilon` not positive.

    Source: Karras et al. 2019, "A Style-Based Generator Architecture", section 4.1; 2020, section 3 (`"end"`).
    """
    if interpolation not in ("linear", "spherical"):
        raise ValueError(f'`interpolation` must be "linear" or "spherical". Received: {interpolation!r}')
    if sampling not in ("end", "full"):
        raise ValueError(f'`sampling` must be "end" or "full". Received: {sampling!r}')
    if not epsilon > 0:
        raise ValueError(f"`epsilon` must be positive. Received: epsilon={epsilon}")
    starts, ends = np.asarray(starts), np.asarray(ends)
    if starts.shape != ends.shape or not len(starts):
        raise ValueError(f"`starts` and `ends` must have one shape, not empty. Received: {starts.shape}, {ends.shape}")
    between = _linear if interpolation == "linear" else _spherical
    times = np.zeros(len(starts)) if sampling == "end" else np.random.default_rng(seed).uniform(size=len(starts))
    times = times.reshape(-1, *[1] * (starts.ndim - 1))
    distances = []
    for first in range(0, len(starts), batch_size):
        part = slice(first, first + batch_size)
        here, there = (
            generate(between(starts[part], ends[part], t).astype(starts.dtype))
            for t in (times[part], times[part] + epsilon)
        )
        distances.append(np.asarray(distance(here, there), "float64") / epsilon**2)
    distances = np.concatenate(distances)
    low = np.percentile(distances, discard[0], method="lower")
    high = np.percentile(distances, discard[1], method="higher")
    kept = distances[(low <= distances) & (distances <= high)]
    return float(kept.mean()), float(kept.std())


def _linear(start, end, time):
    return start + (end - start) * time


def _unit(values):
    return values / np.sqrt(np.square(values).sum(axis=-1, keepdims=True))


def _spherical(start, end, time):
    start, end = _unit(start), _unit(end)
    cosine = (start * end).sum(axis=-1, keepdims=True)
    angle = time * np.arccos(np.clip(cosine, -1.0, 1.0))
    return _unit(start * np.cos(angle) + _unit(end - cosine * start) * np.sin(angle))
