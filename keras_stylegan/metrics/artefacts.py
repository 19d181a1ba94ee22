"""Probes for the faults that stylisation networks are known for: checkerboards, border bands, blobs, seams.

All take pictures as uint8 or float arrays `(height, width, 3)` in 0..255; a ratio reads 1 and a count 0 for a clean
picture. They judge a painted picture against its photograph where a photograph may itself show the pattern.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

_LUMA = np.array([0.299, 0.587, 0.114], "float32")


def luma(picture: np.ndarray) -> np.ndarray:
    """Luma of ITU-R BT.601, float32 `(height, width)` in 0..255."""
    return np.asarray(picture, "float32")[..., :3] @ _LUMA


def checkerboard_energy(picture: np.ndarray, periods: tuple[int, ...] = (2, 4, 8)) -> float:
    """Power at the upsampling periods over the power beside them: 1 is clean, a visible grid is above 3.

    Networks that upsample by 2, 4 and 8 repeat their faults with these periods, which stand in the spectrum as lines at
    1/2, 1/4, 1/8 cycles a pixel. For each line the mean power on it is divided by the mean of its two neighbours three
    bins away; the largest such ratio over lines and directions is returned.

    Args:
        picture: array `(height, width, 3)`, both sides at least 64 pixels.
        periods: periods to look at, in pixels.

    Raises:
        ValueError: if the picture is smaller.
    """
    values = luma(picture)
    if min(values.shape) < 64:
        raise ValueError(f"`picture` must be at least 64x64. Received: {values.shape[1]}x{values.shape[0]}")
    height, width = (side - side % 8 for side in values.shape)
    values = values[:height, :width] - values[:height, :width].mean()
    window = np.hanning(height)[:, None] * np.hanning(width)[None]
    power = np.abs(np.fft.fft2(values * window)) ** 2
    if not power.any():
        return 1.0  # flat, so without a grid
    worst = 0.0
    for spectrum in (power.mean(axis=1), power.mean(axis=0)):
        for period in periods:
            line = len(spectrum) // period
            # A Hann window spreads a line over three bins.
            on = spectrum[[line - 1, line, (line + 1) % len(spectrum)]].mean()
            beside = spectrum[[line - 5, line - 4, line - 3, *((line + k) % len(spectrum) for k in (3, 4, 5))]].mean()
            worst = max(worst, float(on / max(beside, 1e-12)))
    return worst


def border_ratio(painted: np.ndarray, photograph: np.ndarray, band: int = 8) -> float:
    """Detail in the outer band over detail inside, against the photograph's own: 1 is clean, far from 1 is a band.

    Detail is the mean absolute Laplacian of the luma.

    Args:
        painted: array `(height, width, 3)`, both sides more than `4 * band`.
        photograph: array of the same shape.
        band: width of the outer band in pixels.

    Raises:
        ValueError: if the pictures are smaller or differ in size.
    """
    check_same_size(painted, photograph)
    if min(painted.shape[:2]) <= 4 * band:
        raise ValueError(f"`painted` must be more than {4 * band} pixels wide and high. Received: {painted.shape[:2]}")
    ratios = []
    for picture in (painted, photograph):
        detail = np.abs(ndimage.laplace(luma(picture)))
        inside = detail[band:-band, band:-band]
        outer = (detail.sum() - inside.sum()) / (detail.size - inside.size)
        ratios.append((outer + 1.0) / (inside.mean() + 1.0))
    return float(ratios[0] / ratios[1])


def blob_outliers(painted: np.ndarray, photograph: np.ndarray, threshold: float = 6.0) -> int:
    """Round spots that the photograph does not have: how many, 0 is clean.

    Instance normalisation tempts a network into a few bright or dark droplets (Karras et al. 2020, section 2). Each is
    an outlier of the difference of Gaussians at 3 and 6 pixels, of more than `threshold` robust standard deviations,
    where the photograph has none above half of that, and its luma bends down, or up, in all directions, in none more
    than three times as much as in another: a style that paints the dark black makes outliers of many edges. The
    deviation is that of the surroundings, at least that of the whole picture, so that the leaves beside a black half
    are no spots. Among much detail, where spots are hard to see, it counts few.

    Args:
        painted: array `(height, width, 3)`.
        photograph: array of the same shape.
        threshold: in robust standard deviations (1.4826 times the median absolute value).

    Raises:
        ValueError: if the pictures differ in size.
    """
    check_same_size(painted, photograph)
    known = ndimage.maximum_filter(_spots(photograph), 13) > threshold / 2
    spots = _spots(painted)
    labels, count = ndimage.label((spots > threshold) & ~known)
    if not count:
        return 0
    round_ones, peaks = _is_round(painted), ndimage.maximum_position(spots, labels, range(1, count + 1))
    return int(sum(round_ones[peak] for peak in peaks))


def _is_round(picture, sigma=4.0, ratio=3.0):
    """Where the two principal curvatures of the luma, at the size of spots, have one sign and at most this ratio."""
    values = luma(picture)
    across, down, mixed = (ndimage.gaussian_filter(values, sigma, order) for order in ((0, 2), (2, 0), (1, 1)))
    determinant, half_trace = across * down - mixed**2, (across + down) / 2
    return determinant >= 4 * ratio / (1 + ratio) ** 2 * half_trace**2


def _spots(picture, window=16, every=4):
    """How far each pixel stands out as a spot, in robust deviations of `window * every` pixels around, at least one
    grey level."""
    values = luma(picture)
    bands = np.abs(ndimage.gaussian_filter(values, 3) - ndimage.gaussian_filter(values, 6))
    around = ndimage.median_filter(bands[::every, ::every], window).repeat(every, 0).repeat(every, 1)
    height, width = bands.shape
    return bands / np.maximum(1.4826 * np.maximum(around[:height, :width], np.median(bands)), 1.0)


def tile_seams(painted: np.ndarray, photograph: np.ndarray, tile: int) -> float:
    """Steps across the borders of tiles over steps elsewhere, against the photograph's own: 1 is clean.

    A step is the mean absolute difference of luma between neighbours; the greater ratio of the two directions counts.

    Args:
        painted: array `(height, width, 3)`.
        photograph: array of the same shape.
        tile: side of the tiles in pixels, counted from the upper left corner; at least 2.

    Raises:
        ValueError: if the pictures differ in size, or neither side is longer than a tile.
    """
    check_same_size(painted, photograph)
    if not 2 <= tile < max(painted.shape[:2]):
        raise ValueError(f"`tile` must be from 2 to below the longer side, {max(painted.shape[:2])}. Received: {tile}")
    ratios = []
    for axis, side in enumerate(painted.shape[:2]):
        if side <= tile:
            continue
        on_border = np.arange(1, side) % tile == 0
        own = []
        for picture in (painted, photograph):
            steps = np.abs(np.diff(luma(picture), axis=axis)).mean(axis=1 - axis)
            # A grey level is added on both sides: a flat picture has no steps to compare with.
            own.append((steps[on_border].mean() + 1.0) / (steps[~on_border].mean() + 1.0))
        ratios.append(own[0] / own[1])
    return float(max(ratios))


def check_same_size(painted: np.ndarray, photograph: np.ndarray) -> None:
    """Raises ValueError unless both have one shape."""
    if painted.shape != photograph.shape:
        raise ValueError(
            f"`painted` and `photograph` must have one shape. Received: {painted.shape} and {photograph.shape}"
        )
