"""Fréchet distance between two Gaussians."""

from __future__ import annotations

import numpy as np


def frechet_distance(
    real_mean: np.ndarray, real_covariance: np.ndarray, fake_mean: np.ndarray, fake_covariance: np.ndarray
) -> float:
    """`|m - m'|^2 + Tr(C + C' - 2 (C C')^(1/2))`, in float64.

    The trace of the root is the sum of the roots of the eigenvalues of `C^(1/2) C' C^(1/2)`, which is symmetric: the
    eigenvalues are real, and what rounding makes negative is known to be 0. (The general matrix root of `C C'`, used
    elsewhere, returns complex numbers or fails where a covariance is singular, as it always is with fewer images than
    features.)

    Args:
        real_mean, fake_mean: arrays `(features,)`.
        real_covariance, fake_covariance: symmetric arrays `(features, features)`.

    Returns:
        The distance, at least 0. It is a squared length, despite its name.

    Source: Heusel et al. 2017, "GANs Trained by a Two Time-Scale Update Rule", section 4; Dowson and Landau 1982.
    """
    real_covariance, fake_covariance = (np.asarray(c, "float64") for c in (real_covariance, fake_covariance))
    difference = np.asarray(real_mean, "float64") - np.asarray(fake_mean, "float64")
    root = _symmetric_root(real_covariance)
    middle = root @ fake_covariance @ root
    eigenvalues = np.linalg.eigvalsh((middle + middle.T) / 2)
    trace_of_root = np.sqrt(np.maximum(eigenvalues, 0.0)).sum()
    traces = np.trace(real_covariance) + np.trace(fake_covariance)
    # Of equal sets rounding would leave a small number of either sign.
    return max(0.0, float(difference @ difference + traces - 2 * trace_of_root))


def frechet_distance_of_vectors(real: np.ndarray, fake: np.ndarray) -> float:
    """`frechet_distance` of the moments of two sets of vectors, quick where either has fewer vectors than features.

    With centred vectors as the rows of `A` and `B`, over the roots of their counts less one, the covariances are
    `A^T A` and `B^T B`, and the trace of the root of their product is the sum of the singular values of `A B^T`, a
    matrix of the size of the sets.

    Args:
        real, fake: arrays `(images, features)`, at least two images each.

    Returns:
        The distance, at least 0.
    """
    means, centred = [], []
    for vectors in (real, fake):
        vectors = np.asarray(vectors, "float64")
        means.append(vectors.mean(axis=0))
        centred.append((vectors - means[-1]) / np.sqrt(len(vectors) - 1))
    difference = means[0] - means[1]
    traces = sum(np.square(rows).sum() for rows in centred)
    trace_of_root = np.linalg.svd(centred[0] @ centred[1].T, compute_uv=False).sum()
    return max(0.0, float(difference @ difference + traces - 2 * trace_of_root))


def _symmetric_root(matrix):
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
