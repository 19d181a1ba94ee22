"""How a region that was put into a picture differs from it: families of changes, for training and for tests.

A family is a function of a float picture `(height, width, 3)` in [0, 1] and a generator of random numbers that gives a
picture like it. A network that learns on `TRAINING_SHIFTS` is judged on `HELD_OUT_SHIFTS` too, which it has never seen.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from keras_stylegan.data.augmentation import hue_turn
from keras_stylegan.data.pictures import to_uint8

Shift = Callable[[np.ndarray, np.random.Generator], np.ndarray]
_LUMA = np.array([0.299, 0.587, 0.114])


def colour(picture, rng):
    """Another white balance: gains of the channels up to half a stop, and a tint."""
    return picture * 2 ** rng.uniform(-0.5, 0.5, 3) + rng.uniform(-0.06, 0.06, 3)


def light(picture, rng):
    """Another exposure, gamma or direction of light: brightness along a ramp across the picture."""
    height, width = picture.shape[:2]
    angle, strength = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.5)
    rows, columns = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)[None]
    ramp = 2 ** (strength * (np.cos(angle) * columns + np.sin(angle) * rows))
    return np.clip(picture, 0, 1) ** (2 ** rng.uniform(-0.6, 0.6)) * 2 ** rng.uniform(-0.5, 0.5) * ramp[..., None]


def saturation(picture, rng):
    """Colours paler or stronger, of the same luma."""
    luma = (picture @ _LUMA)[..., None]
    return luma + (picture - luma) * rng.uniform(0.3, 1.7)


def style(picture, rng):
    """Another palette: the colours' mean and covariance become those of a random one near by, as by a painter."""
    pixels = picture.reshape(-1, 3)
    mean = pixels.mean(axis=0)
    matrix = np.eye(3) * rng.uniform(0.6, 1.3) + rng.normal(0, 0.12, (3, 3))
    return (picture - mean) @ matrix.T + mean + rng.normal(0, 0.08, 3)


def blur(picture, rng):
    """Out of focus by up to a pixel and a half."""
    from scipy import ndimage

    deviation = rng.uniform(0.4, 1.5)
    return ndimage.gaussian_filter(picture, (deviation, deviation, 0))


def noise(picture, rng):
    """The grain of another sensor: up to a twentieth of the range."""
    return picture + rng.normal(0, rng.uniform(0.01, 0.05), picture.shape)


def tone(picture, rng):
    """Another contrast curve: an S through black, middle grey and white, or its inverse."""
    centred, strength = 2 * np.clip(picture, 0, 1) - 1, rng.uniform(1.0, 2.5)
    if rng.random() < 0.5:
        return 0.5 + 0.5 * np.tanh(strength * centred) / np.tanh(strength)
    return 0.5 + 0.5 * np.arctanh(centred * np.tanh(strength)) / strength


def hue(picture, rng):
    """Colours turned about the grey axis by 10 to 35 degrees."""
    angle = np.radians(rng.uniform(10, 35)) * rng.choice([-1, 1])
    return picture @ hue_turn(angle).T


def haze(picture, rng):
    """Seen through mist: faded towards a light, nearly grey colour."""
    share = rng.uniform(0.15, 0.45)
    return (1 - share) * picture + share * np.clip(rng.uniform(0.6, 0.95) + rng.normal(0, 0.04, 3), 0, 1)


def sepia(picture, rng):
    """An old print: luma in brown, up to three quarters of the way."""
    share = rng.uniform(0.3, 0.75)
    return (1 - share) * picture + share * (picture @ _LUMA)[..., None] * np.array([1.1, 0.92, 0.7])


TRAINING_SHIFTS: dict[str, Shift] = {
    "colour": colour, "light": light, "saturation": saturation, "style": style, "blur": blur, "noise": noise,
}  # fmt: skip
HELD_OUT_SHIFTS: dict[str, Shift] = {"tone": tone, "hue": hue, "haze": haze, "sepia": sepia}
SHIFTS = {**TRAINING_SHIFTS, **HELD_OUT_SHIFTS}


def apply_shifts(picture: np.ndarray, names: tuple[str, ...], rng: np.random.Generator) -> np.ndarray:
    """Changes a picture by families, one after the other.

    Args:
        picture: uint8 array `(height, width, 3)`.
        names: families, keys of `SHIFTS`.
        rng: random numbers.

    Returns:
        uint8 array of the same shape, clipped.

    Raises:
        ValueError: for an unknown name; the message lists all.
    """
    values = picture / 255.0
    for name in names:
        if name not in SHIFTS:
            raise ValueError(f"`names` must be shift families: {', '.join(SHIFTS)}. Received: {name}")
        values = SHIFTS[name](values, rng)
    return to_uint8(2 * values - 1)
