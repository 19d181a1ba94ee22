"""Poisson blending by conjugate gradients on a ladder of sizes."""

from __future__ import annotations

import numpy as np

# Root mean square of the equation's error, in grey levels, at which a level is done.
_TOLERANCE = 1e-3
_MAX_STEPS = 500
_SMALLEST = 8  # pixels: sides below which no coarser level is made


def poisson_blend(source: np.ndarray, target: np.ndarray, region: np.ndarray) -> np.ndarray:
    """Continues the source's gradients inside of a region from the target's colours around it.

    Solved for the difference of result and source, which is then harmonic: it has the difference of the pictures along
    the edge and is as smooth as can be inside. At the picture's border nothing is prescribed.

    Args:
        source, target: uint8 arrays `(height, width, 3)` of one shape; the source is read in the region and one pixel
            around it.
        region: bool array `(height, width)`.

    Returns:
        uint8 array of that shape: the target outside of the region, to the bit; the source where there is no outside.

    Source: Pérez et al. 2003, "Poisson Image Editing", equations 7 and 11.
    """
    if not region.any():
        return target.copy()
    rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
    # A pixel around the region holds the colours that it continues.
    box = tuple(slice(max(0, line[0] - 1), line[-1] + 2) for line in (rows, columns))
    inside = region[box]
    ours = source[box].astype("float64")
    difference = harmonic_fill(target[box] - ours, inside)
    result = target.copy()
    result[box][inside] = np.clip(np.rint(ours + difference), 0, 255).astype("uint8")[inside]
    return result


def harmonic_fill(values: np.ndarray, unknown: np.ndarray) -> np.ndarray:
    """Fills pixels with the harmonic function that has the others' values: each is the mean of its neighbours.

    Args:
        values: float64 array `(height, width, channels)`.
        unknown: bool array `(height, width)`, the pixels to fill.

    Returns:
        float64 array of that shape; zeros where no pixel is known.
    """
    if not unknown.any():
        return values
    if unknown.all():
        return np.zeros_like(values)
    known = np.where(unknown[..., None], 0.0, values)
    start = np.zeros_like(values)
    if min(unknown.shape) > _SMALLEST:
        # A smaller picture's solution is right at all but the finest scale, where conjugate gradients are quick.
        count = _halved((~unknown)[..., None].astype("float64"))
        coarse = harmonic_fill(_halved(known) / np.maximum(count, 1e-12), count[..., 0] == 0)
        start = coarse.repeat(2, axis=0).repeat(2, axis=1)[: values.shape[0], : values.shape[1]]
    return known + _conjugate_gradients(known, unknown[..., None], start)


def _conjugate_gradients(known, unknown, start):
    """Solves `degree * x - sum of neighbours = sum of known neighbours` on the unknown pixels, by channel."""
    degree = _neighbours(np.ones(unknown.shape))

    def operator(x):
        return np.where(unknown, degree * x - _neighbours(x), 0.0)

    def products(a, b):
        return (a * b).sum(axis=(0, 1))

    x = np.where(unknown, start, 0.0)
    residual = np.where(unknown, _neighbours(known), 0.0) - operator(x)
    direction, power = residual, products(residual, residual)
    enough = _TOLERANCE**2 * unknown.sum()
    for _ in range(_MAX_STEPS):
        if (power <= enough).all():
            break
        moved = operator(direction)
        step = power / np.maximum(products(direction, moved), 1e-30)
        x = x + step * direction
        residual = residual - step * moved
        before, power = power, products(residual, residual)
        direction = residual + power / np.maximum(before, 1e-30) * direction
    return x


def _neighbours(x):
    """Sum of the up to four neighbours of every pixel."""
    total = np.zeros(x.shape)
    total[1:] += x[:-1]
    total[:-1] += x[1:]
    total[:, 1:] += x[:, :-1]
    total[:, :-1] += x[:, 1:]
    return total


def _halved(x):
    """Sums over blocks of 2x2 pixels; a last odd row or column counts alone."""
    padded = np.pad(x, ((0, x.shape[0] % 2), (0, x.shape[1] % 2), (0, 0)))
    return padded[::2, ::2] + padded[1::2, ::2] + padded[::2, 1::2] + padded[1::2, 1::2]
