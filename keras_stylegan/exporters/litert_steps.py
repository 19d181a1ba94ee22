"""Weights as whole numbers of steps: which steps are nearest to them."""

from __future__ import annotations

import numpy as np

# Levels are in [-LARGEST, LARGEST], so that a weight and its negative are equally exact.
LARGEST = 127
# Filters of so many weights have steps of their own, which cost 4 bytes each in a file; the others share one.
LEAST_OF_FILTER = 32
# Steps that are tried, as shares of the one that reaches the largest weight: a finer one cuts off a few and is nearer
# to all the others.
_SHARES = np.linspace(0.4, 1.0, 25)


def levels(weights: np.ndarray, step: np.ndarray) -> np.ndarray:
    """The whole numbers of steps, int8, that are nearest to weights; `step` broadcasts to them."""
    return np.clip(np.rint(weights / step), -LARGEST, LARGEST).astype("int8")


def steps(weights: np.ndarray, axis: int) -> np.ndarray:
    """The sizes of steps in which weights are nearest to themselves, in the mean square.

    Args:
        weights: float array.
        axis: that of the filters.

    Returns:
        float32 array of one step, or of one for each filter where these have `LEAST_OF_FILTER` weights.
    """
    rows = np.moveaxis(weights, axis, 0).reshape(weights.shape[axis], -1)
    if rows.shape[1] < LEAST_OF_FILTER:
        rows = rows.reshape(1, -1)
    tried = _greatest(rows)[:, None] * _SHARES
    return _nearest(rows, tried, tried).astype("float32")


def root_steps(rows: np.ndarray) -> tuple[np.ndarray, np.float32]:
    """Steps of rows of weights, in 8 bits each: for rows so short that a step in 32 bits is a tenth of them.

    They are squares of whole numbers, so that the range of what they can be is wide and small ones are about as exact
    as large ones.

    Args:
        rows: float array `(rows, columns)`.

    Returns:
        Roots, int8 array `(rows,)` of numbers from 1, and their unit: the steps are `(roots * unit) ** 2`.
    """
    greatest = _greatest(rows)
    unit = np.float32(np.sqrt(greatest.max()) / LARGEST)
    roots = np.clip(np.ceil(np.sqrt(greatest[:, None] * _SHARES) / unit), 1, LARGEST)
    return _nearest(rows, np.square(roots * unit), roots).astype("int8"), unit


def _greatest(rows):
    """The steps that reach the largest weight of each row; of one of zeros a step that is next to nothing."""
    return np.maximum(np.abs(rows).max(axis=1) / LARGEST, 1e-30)


def _nearest(rows, tried, names):
    """Of the steps that were tried for each row, `(rows, steps)`, the name of the one nearest to its weights."""
    errors = [np.square(levels(rows, step[:, None]) * step[:, None] - rows).mean(axis=1) for step in tried.T]
    return names[np.arange(len(rows)), np.argmin(errors, axis=0)]
