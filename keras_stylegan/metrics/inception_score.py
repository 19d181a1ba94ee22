"""Inception score: are classes recognised with confidence, and are there many?"""

from __future__ import annotations

import numpy as np


def inception_score(logits: np.ndarray, num_splits: int = 10, seed: int | None = 2020) -> tuple[float, float]:
    """`exp(E_x KL(p(y|x) || p(y)))` over parts of the images.

    It sees no real images: use it beside a distance, and compare it only for one classifier, number of images and
    resizing.

    Args:
        logits: array `(images, classes)`.
        num_splits: parts; each has a `p(y)` of its own.
        seed: of the shuffle before the split, as torch-fidelity has it, or None to keep the order.

    Returns:
        Mean and standard deviation over the parts; 1 at least, the number of classes at most.

    Raises:
        ValueError: if there are fewer images than parts, or no part.

    Source: Salimans et al. 2016, "Improved Techniques for Training GANs", section 4.
    """
    if not 1 <= num_splits <= len(logits):
        raise ValueError(
            f"`num_splits` must be from 1 to the number of images, {len(logits)}. Received: num_splits={num_splits}"
        )
    logits = np.asarray(logits, "float64")
    if seed is not None:
        logits = logits[np.random.RandomState(seed).permutation(len(logits))]
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    scores = []
    for part in range(num_splits):
        log_part = log_p[part * len(logits) // num_splits : (part + 1) * len(logits) // num_splits]
        p = np.exp(log_part)
        # A class that no image has contributes 0: its p is 0 in every row.
        log_marginal = np.log(np.maximum(p.mean(axis=0), 1e-300))
        scores.append(np.exp((p * (log_part - log_marginal)).sum(axis=1).mean()))
    return float(np.mean(scores)), float(np.std(scores))
