"""How much more a painter's picture changes than the photograph it paints, for changes that nobody should see."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from PIL import Image

NOISE_DEVIATION = 4.0  # grey levels
JPEG_QUALITY = 75
DISTURBANCES = ("noise", "shift", "jpeg", "fgsm")


def add_noise(picture: np.ndarray, seed: int = 0, deviation: float = NOISE_DEVIATION) -> np.ndarray:
    """A uint8 picture with Gaussian noise of that many grey levels."""
    noise = np.random.default_rng(seed).normal(0, deviation, picture.shape)
    return np.clip(np.rint(picture + noise), 0, 255).astype("uint8")


def through_jpeg(picture: np.ndarray, quality: int = JPEG_QUALITY) -> np.ndarray:
    """A uint8 picture as a JPEG file gives it back."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file).convert("RGB"))


def fgsm_step(picture: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """A uint8 picture one grey level (1/255) along the sign of a gradient of its shape.

    Source: Goodfellow et al. 2015, "Explaining and Harnessing Adversarial Examples" (arXiv 1412.6572), section 4.
    """
    return np.clip(picture.astype("int16") + np.sign(gradient).astype("int16"), 0, 255).astype("uint8")


def instability(paint: Callable[[np.ndarray], np.ndarray], picture: np.ndarray, disturbed: np.ndarray) -> float:
    """Root mean square change of the painting over that of the photograph: 1 passes a disturbance on as it is.

    Args:
        paint: function from a uint8 array `(height, width, 3)` to one like it.
        picture: uint8 array `(height, width, 3)`.
        disturbed: the picture, changed.

    Raises:
        ValueError: if `disturbed` equals `picture`.
    """
    return _ratio(paint(disturbed), paint(picture), disturbed, picture)


def shift_instability(paint: Callable[[np.ndarray], np.ndarray], picture: np.ndarray) -> float:
    """As `instability`, for the photograph one pixel to the right: its painting should be as far to the right.

    The painting of the shifted photograph is compared with the shifted painting; where the photograph has no width to
    shift (columns of one colour), ValueError.
    """
    left, right = picture[:, :-1], picture[:, 1:]
    return _ratio(paint(left)[:, 1:], paint(right)[:, :-1], left, right)


def _ratio(painted, reference, disturbed, picture):
    def change(one, other):
        return np.sqrt(((one.astype("float64") - other) ** 2).mean())

    given = change(disturbed, picture)
    if given == 0:
        raise ValueError("`disturbed` must differ from `picture`. Received: equal pictures")
    return float(change(painted, reference) / given)
