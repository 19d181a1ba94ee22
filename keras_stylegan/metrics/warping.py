"""Temporal consistency where the motion is known: does the paint move with what it is painted on?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage


def pan(right: float, down: float) -> np.ndarray:
    """The motion that moves the picture by so many pixels to the right and down, see `warp`."""
    return np.array([[1.0, 0.0, -right], [0.0, 1.0, -down], [0.0, 0.0, 1.0]])


def zoom(factor: float) -> np.ndarray:
    """The motion that enlarges the picture about its centre, see `warp`."""
    return np.diag([1 / factor, 1 / factor, 1.0])


def warp(picture: np.ndarray, motion: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Moves a picture, bilinear between pixels.

    Args:
        picture: array `(height, width, 3)`, uint8 or float.
        motion: array `(3, 3)`, from positions `(x, y, 1)` of the result to positions of `picture`, in pixels from the
            centre, x to the right and y downwards.

    Returns:
        Float64 array of the shape of `picture`, and the bool array `(height, width)` of the pixels that came from
        inside of it.
    """
    height, width = picture.shape[:2]
    linear = motion[1::-1, 1::-1]  # SciPy counts rows before columns, from the corner
    centre = (np.array([height, width]) - 1) / 2
    offset = centre - linear @ centre + motion[1::-1, 2]

    def moved(plane, **options):
        return ndimage.affine_transform(plane.astype("float64"), linear, offset, order=1, **options)

    planes = [moved(picture[..., channel], mode="nearest") for channel in range(picture.shape[2])]
    inside = moved(np.ones((height, width)), mode="constant", cval=0.0) > 1 - 1e-6
    return np.stack(planes, axis=-1), inside


def warping_error(frames: Sequence[np.ndarray], motion: np.ndarray) -> float:
    """Mean of the `warping_errors` of a clip."""
    return float(np.mean(warping_errors(frames, motion)))


def warping_errors(frames: Sequence[np.ndarray], motion: np.ndarray) -> list[float]:
    """Mean squared difference between each frame and the one before moved onto it, on the scale [0, 1].

    Only pixels that both frames show count. A clip of one rigid scene has 0 (up to interpolation); a painter that
    flickers has more.

    Args:
        frames: at least two uint8 or float arrays `(height, width, 3)` in 0..255.
        motion: array `(3, 3)`, how the scene moves from each frame to the next, see `warp`.

    Returns:
        List of floats, one less than there are frames.

    Raises:
        ValueError: if there are fewer frames, their shapes differ, or the motion leaves nothing in common.

    Source: Lai et al. 2018, "Learning Blind Video Temporal Consistency" (arXiv 1808.00449), equation 7, with the true
    motion for the estimated one.
    """
    if len(frames) < 2:
        raise ValueError(f"`frames` must be at least two. Received: {len(frames)}")
    shapes = {tuple(frame.shape) for frame in frames}
    if len(shapes) > 1:
        raise ValueError(f"`frames` must have one shape. Received: {sorted(shapes)}")
    errors = []
    for before, after in zip(frames, frames[1:], strict=False):
        moved, inside = warp(before, motion)
        if not inside.any():
            raise ValueError(f"`motion` must leave pixels in common. Received: motion={motion.tolist()}")
        errors.append(float((((np.asarray(after, "float64") - moved)[inside] / 255) ** 2).mean()))
    return errors
