"""Poisson blending by conjugate gradients with a multigrid cycle, a handful of steps for any size."""

from __future__ import annotations

import dataclasses

import numpy as np

# Root mean square of the equation's error, in grey levels, at which it is solved.
_TOLERANCE = 1e-3
_MAX_STEPS = 100
_SMALLEST = 8  # pixels: sides of the grid that is solved directly
# What Jacobi's step is multiplied by, for it to damp what a coarser grid cannot see; steps before and after that grid.
_DAMPING, _SWEEPS = 0.8, 2


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
    ours = source[box].astype("float32")
    difference = harmonic_fill(target[box] - ours, inside)
    result = target.copy()
    result[box][inside] = np.clip(np.rint(ours + difference), 0, 255).astype("uint8")[inside]
    return result


def harmonic_fill(values: np.ndarray, unknown: np.ndarray) -> np.ndarray:
    """Fills pixels with the harmonic function that has the others' values: each is the mean of its neighbours.

    Args:
        values: float array `(height, width, channels)`.
        unknown: bool array `(height, width)`, the pixels to fill.

    Returns:
        float32 array of that shape; zeros where no pixel is known.

    Source: Tatebe 1993, "The Multigrid Preconditioned Conjugate Gradient Method".
    """
    values = np.asarray(values, "float32")
    if not unknown.any():
        return values
    if unknown.all():
        return np.zeros_like(values)
    known = np.where(unknown, 0, values.transpose(2, 0, 1))
    grids = _grids(unknown)
    filled = known + _solve(grids, np.where(unknown, _neighbours(known), 0))
    return np.ascontiguousarray(filled.transpose(1, 2, 0))


@dataclasses.dataclass
class _Grid:
    """The equation `diagonal * x - weighted sum of the four neighbours = b`, on planes `(channels, height, width)`.

    Attributes:
        right, down: weights of the edges between unknown pixels, `(height, width - 1)` and `(height - 1, width)`.
        held: weights of the edges to known ones, `(height, width)`.
    """

    right: np.ndarray
    down: np.ndarray
    held: np.ndarray

    def __post_init__(self):
        self.diagonal = self.held.copy()
        for edges, axis in ((self.right, 1), (self.down, 0)):
            self.diagonal += np.pad(edges, [(0, int(i == axis)) for i in range(2)])
            self.diagonal += np.pad(edges, [(int(i == axis), 0) for i in range(2)])
        self.inverse = np.divide(1, self.diagonal, out=np.zeros_like(self.diagonal), where=self.diagonal > 0)

    def times(self, x: np.ndarray) -> np.ndarray:
        y = self.diagonal * x
        y[..., 1:] -= self.right * x[..., :-1]
        y[..., :-1] -= self.right * x[..., 1:]
        y[:, 1:] -= self.down * x[:, :-1]
        y[:, :-1] -= self.down * x[:, 1:]
        return y

    def coarser(self) -> _Grid:
        """The equation of blocks of 2x2 pixels with one value each.

        The edges between two blocks count together, and half: a slope goes over as much in one block as in two pixels.
        """
        right, down = _pairs(self.right[:, 1::2], 0), _pairs(self.down[1::2], 1)
        return _Grid(right / 2, down / 2, _pairs(_pairs(self.held, 0), 1) / 2)


def _grids(unknown):
    known = _neighbours((~unknown)[None].astype("float32"))[0]
    edges = (unknown[:, :-1] & unknown[:, 1:], unknown[:-1] & unknown[1:])
    grids = [_Grid(*(np.float32(between) for between in edges), np.where(unknown, known, 0))]
    while max(grids[-1].held.shape) > _SMALLEST:
        grids.append(grids[-1].coarser())
    return grids


def _solve(grids, b):
    """Conjugate gradients, by channel."""

    def products(one, other):
        return np.einsum("chw,chw->c", one, other)[:, None, None]

    x, residual = np.zeros_like(b), b
    enough = _TOLERANCE**2 * np.count_nonzero(grids[0].diagonal)
    direction = power = None
    for _ in range(_MAX_STEPS):
        if (products(residual, residual) <= enough).all():
            break
        conditioned = _cycle(grids, residual)
        before, power = power, products(residual, conditioned)
        direction = conditioned if before is None else conditioned + power / np.maximum(before, 1e-30) * direction
        moved = grids[0].times(direction)
        step = power / np.maximum(products(direction, moved), 1e-30)
        x = x + step * direction
        residual = residual - step * moved
    return x


def _cycle(grids, b):
    """What solves the equation nearly: Jacobi's steps, the coarser grids' correction, Jacobi's steps."""
    grid = grids[0]
    if len(grids) == 1:
        return _direct(grid, b)
    damped = _DAMPING * grid.inverse
    x = damped * b
    for _ in range(_SWEEPS - 1):
        x += damped * (b - grid.times(x))
    correction = _cycle(grids[1:], _pairs(_pairs(b - grid.times(x), 1), 2))
    correction = correction.repeat(2, axis=1).repeat(2, axis=2)[:, : b.shape[1], : b.shape[2]]
    x += np.where(grid.diagonal > 0, correction, 0)
    for _ in range(_SWEEPS):
        x += damped * (b - grid.times(x))
    return x


def _direct(grid, b):
    places = np.flatnonzero(grid.diagonal)
    unit = np.zeros((places.size, *grid.diagonal.shape), "float32")
    unit.reshape(places.size, -1)[np.arange(places.size), places] = 1
    matrix = grid.times(unit).reshape(places.size, -1)[:, places]
    x = np.zeros((b.shape[0], grid.diagonal.size), "float32")
    x[:, places] = np.linalg.solve(matrix, b.reshape(b.shape[0], -1)[:, places].T).T
    return x.reshape(b.shape)


def _neighbours(x):
    """Sum of the up to four neighbours of every pixel of planes `(channels, height, width)`."""
    total = np.zeros_like(x)
    total[:, 1:] += x[:, :-1]
    total[:, :-1] += x[:, 1:]
    total[..., 1:] += x[..., :-1]
    total[..., :-1] += x[..., 1:]
    return total


def _pairs(x, axis):
    """Sums of neighbours two by two; a last odd one counts alone."""
    return np.add.reduceat(x, np.arange(0, x.shape[axis], 2), axis=axis)
