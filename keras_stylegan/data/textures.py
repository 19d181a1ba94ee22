"""Procedural textures: pictures with a style and nothing else, as many as are wanted."""

from __future__ import annotations

import numpy as np

KINDS = ("clouds", "stripes", "cells", "dots")


def procedural_texture(size: tuple[int, int], rng: np.random.Generator, kind: str | None = None) -> np.ndarray:
    """A texture in a random palette.

    Args:
        size: `(height, width)` in pixels.
        rng: what all choices are drawn from.
        kind: one of `KINDS`, drawn where None: noise with a random spectrum, bent stripes, cells around random points,
            or dots on a jittered grid.

    Returns:
        uint8 array of shape `(*size, 3)`.

    Raises:
        ValueError: for an unknown kind.
    """
    kind = KINDS[rng.integers(len(KINDS))] if kind is None else kind
    if kind not in KINDS:
        raise ValueError(f"`kind` must be one of {', '.join(KINDS)}. Received: {kind!r}")
    field = {"clouds": _clouds, "stripes": _stripes, "cells": _cells, "dots": _dots}[kind](size, rng)
    field = field + rng.uniform(0, 0.15) * rng.standard_normal(size)  # the grain of a canvas
    levels = np.clip((field - field.min()) / max(np.ptp(field), 1e-6), 0, 1)
    colours = rng.uniform(0, 255, (rng.integers(2, 6), 3))
    stops = np.linspace(0, 1, len(colours))
    return np.stack([np.interp(levels, stops, channel) for channel in colours.T], axis=-1).astype("uint8")


def _clouds(size, rng):
    """Noise whose amplitude falls with a random power of the frequency, in a random direction less than across it."""
    down, across = np.fft.fftfreq(size[0])[:, None], np.fft.rfftfreq(size[1])[None]
    angle, stretch = rng.uniform(0, np.pi), rng.uniform(1, 4)
    along = np.cos(angle) * down + np.sin(angle) * across
    aside = np.cos(angle) * across - np.sin(angle) * down
    frequency = np.sqrt((stretch * along) ** 2 + (aside / stretch) ** 2) + 1 / max(size)
    spectrum = np.fft.rfft2(rng.standard_normal(size)) / frequency ** rng.uniform(0.5, 2)
    return _standard(np.fft.irfft2(spectrum, s=size))


def _stripes(size, rng):
    y, x = np.mgrid[: size[0], : size[1]]
    angle, length = rng.uniform(0, np.pi), rng.uniform(4, 32)
    phase = (np.cos(angle) * y + np.sin(angle) * x) / length + rng.uniform(0, 0.6) * _clouds(size, rng)
    wave = np.sin(2 * np.pi * phase)
    return np.sign(wave) if rng.random() < 0.4 else wave


def _cells(size, rng):
    y, x = np.mgrid[: size[0], : size[1]]
    points = rng.uniform(0, 1, (rng.integers(12, 80), 2)) * size
    distances = np.full((2, *size), np.inf)
    nearest = np.zeros(size, int)
    for number, (row, column) in enumerate(points):
        distance = np.hypot(y - row, x - column)
        closer = distance < distances[0]
        distances[1] = np.where(closer, distances[0], np.minimum(distances[1], distance))
        distances[0] = np.where(closer, distance, distances[0])
        nearest[closer] = number
    shade = rng.uniform(0, 1, len(points))[nearest]
    return np.where(distances[1] - distances[0] < rng.uniform(0, 3), rng.choice([0.0, 1.0]), shade)


def _dots(size, rng):
    y, x = np.mgrid[: size[0], : size[1]]
    pitch, jitter = rng.uniform(5, 16), 0.4 * _clouds(size, rng)
    away = np.hypot((y / pitch + jitter) % 1 - 0.5, (x / pitch + jitter) % 1 - 0.5)
    return np.where(away < rng.uniform(0.2, 0.45), 0.5 + 0.2 * _clouds(size, rng), rng.choice([-0.5, 1.5]))


def _standard(field):
    return (field - field.mean()) / max(field.std(), 1e-6)
