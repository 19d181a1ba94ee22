"""Mean and covariance of the colours of pictures, and how to give one those of another."""

from __future__ import annotations

import numpy as np

# Variance of the rounding to 8 bits, on the scale [0, 1]: a direction of colour with less than that says nothing.
_ROUNDING_VARIANCE = (1 / 255) ** 2 / 12


def matching_transform(pixels: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Linear colour matching: the map x' = A x + b that gives `pixels` the mean and covariance of `reference`.

    A = Cov(reference)^(1/2) Cov(pixels)^(-1/2), symmetric square roots. Directions in which `pixels` do not vary (a
    grey picture has two) stay flat: they hold no pattern that could be amplified.

    Args:
        pixels: float array of shape `(num_pixels, 3)`, RGB in [0, 1].
        reference: float array of shape `(any number, 3)`, RGB in [0, 1].

    Returns:
        Matrix A, float64 of shape `(3, 3)`, and offset b of shape `(3,)`.

    Source: Gatys et al., "Preserving Color in Neural Artistic Style Transfer" (arXiv 1606.05897), section 4.
    """
    mean, covariance = _moments(pixels)
    reference_mean, reference_covariance = _moments(reference)
    matrix = _matrix_power(reference_covariance, 0.5) @ _matrix_power(covariance, -0.5)
    return matrix, reference_mean - matrix @ mean


def _moments(pixels):
    mean = pixels.mean(axis=0, dtype=np.float64)
    centred = pixels - mean.astype(pixels.dtype)
    return mean, (centred.T @ centred).astype(np.float64) / len(pixels)


def _matrix_power(covariance, power):
    values, vectors = np.linalg.eigh(covariance)
    powers = np.zeros_like(values)
    varying = values > _ROUNDING_VARIANCE
    powers[varying] = values[varying] ** power
    return (vectors * powers) @ vectors.T
