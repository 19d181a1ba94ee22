"""Kernel distance (KID): the squared maximum mean discrepancy under a cubic kernel."""

from __future__ import annotations

import numpy as np


def kernel_distance(
    real: np.ndarray, fake: np.ndarray, num_subsets: int = 100, subset_size: int = 1000, seed: int = 2020
) -> tuple[float, float]:
    """Unbiased squared MMD under the kernel `(x.y / features + 1)^3`, averaged over random subsets.

    Being unbiased it has no floor that shrinks with the number of images, unlike the Fréchet distance, and may be
    slightly negative for sets that are alike.

    Args:
        real, fake: arrays `(images, features)`.
        num_subsets: subsets drawn, each without repetition.
        subset_size: images of either set in a subset.
        seed: of the draws. With torch-fidelity's seed, its default here too, the subsets are the same as its own.

    Returns:
        Mean and standard deviation over the subsets.

    Raises:
        ValueError: if a set has fewer images than `subset_size`, or that is less than 2.

    Source: Binkowski et al. 2018, "Demystifying MMD GANs" (arXiv 1801.01401), section 4 and appendix B.
    """
    if not 2 <= subset_size <= min(len(real), len(fake)):
        raise ValueError(
            f"`subset_size` must be from 2 to the number of images, {min(len(real), len(fake))}. "
            f"Received: subset_size={subset_size}"
        )
    random = np.random.RandomState(seed)
    distances = []
    for _ in range(num_subsets):
        some_fake = fake[random.choice(len(fake), subset_size, replace=False)].astype("float64")
        some_real = real[random.choice(len(real), subset_size, replace=False)].astype("float64")
        distances.append(_unbiased(some_real, some_fake))
    return float(np.mean(distances)), float(np.std(distances))


def _kernel(x, y):
    return (x @ y.T / x.shape[1] + 1.0) ** 3


def _unbiased(x, y):
    """Pairs of an image with itself are left out: they would add a bias that depends on the number of images."""
    count = len(x)
    within = 0.0
    for values in (x, y):
        kernel = _kernel(values, values)
        within += (kernel.sum() - np.trace(kernel)) / (count * (count - 1))
    return within - 2 * _kernel(x, y).mean()
