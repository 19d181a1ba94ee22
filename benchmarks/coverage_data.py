"""Data whose modes are known, and how many of them a sample has: a grid and a ring of Gaussians, stacked digits."""

from __future__ import annotations

import numpy as np

TRAINING_POINTS = 100_000
SCORED_POINTS = 2500
STACKS, SCORED_STACKS = 128_000, 26_000


def reverse_kl(counts: np.ndarray) -> float:
    """KL(generated || uniform) over modes, in nats; infinite without a sample."""
    if not counts.sum():
        return float("inf")
    share = counts[counts > 0] / counts.sum()
    return float((share * np.log(share * len(counts))).sum())


class Gaussians:
    """A mixture of equal Gaussians in the plane, and the scores of Lin et al. 2018 (PacGAN), section 4.1.

    A sample is of high quality within three standard deviations of a mode; a mode is captured by one such sample; the
    reverse KL divergence is that of the high-quality samples' nearest modes to the uniform distribution. Networks see
    the points divided by the standard deviation of the training set.

    Args:
        means: array `(modes, 2)`.
        sigma: standard deviation of each mode.
    """

    def __init__(self, means: np.ndarray, sigma: float):
        self.means, self.sigma = means, sigma
        self.training = self.sample(TRAINING_POINTS, np.random.default_rng(0))
        self.scale = self.training.std()
        self.dimensions = 2
        self.num_scored = SCORED_POINTS

    def sample(self, count, random):
        noise = random.normal(size=(count, 2), scale=self.sigma)
        return self.means[random.integers(0, len(self.means), count)] + noise

    def batch(self, shape, random):
        """Training points as networks see them, float32 `(*shape, 2)`."""
        return (self.training[random.integers(0, TRAINING_POINTS, shape)] / self.scale).astype("float32")

    def score(self, outputs: np.ndarray) -> dict[str, float]:
        """Scores what a generator put out, array `(samples, 2)`."""
        return self.score_points(np.asarray(outputs, "float64") * self.scale)

    def score_points(self, points: np.ndarray) -> dict[str, float]:
        distances = np.linalg.norm(points[:, None] - self.means, axis=-1)
        good = distances.min(axis=1) < 3 * self.sigma
        counts = np.bincount(distances.argmin(axis=1)[good], minlength=len(self.means))
        return {"modes": int((counts > 0).sum()), "high_quality": float(good.mean()), "reverse_kl": reverse_kl(counts)}


def grid() -> Gaussians:
    """25 modes at {-4, -2, 0, 2, 4}^2, sigma 0.05."""
    side = np.arange(-4.0, 5.0, 2.0)
    return Gaussians(np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2), 0.05)


def ring() -> Gaussians:
    """8 modes on the unit circle, sigma 0.01."""
    angles = 2 * np.pi * np.arange(8) / 8
    return Gaussians(np.stack([np.cos(angles), np.sin(angles)], axis=-1), 0.01)


class StackedDigits:
    """Three of scikit-learn's 8x8 digits as the channels of a 16x16 picture: 1,000 modes, by a classifier.

    The classifier is a support vector machine on single digits at 8x8, trained on half of the set; `accuracy` is that
    on the other half. Networks see pictures as vectors in [-1, 1].
    """

    def __init__(self):
        from sklearn.datasets import load_digits
        from sklearn.svm import SVC

        images, labels = load_digits(return_X_y=True)
        half = np.random.default_rng(1).permutation(len(images))
        first, second = half[: len(half) // 2], half[len(half) // 2 :]
        self.classifier = SVC(gamma=0.001).fit(images[first], labels[first])
        self.accuracy = float(self.classifier.score(images[second], labels[second]))
        doubled = images.reshape(-1, 8, 8).repeat(2, axis=1).repeat(2, axis=2)
        self.digits = (doubled / 8.0 - 1.0).astype("float32")
        self.stacks = np.random.default_rng(0).integers(0, len(images), (STACKS, 3))
        self.dimensions = 16 * 16 * 3
        self.num_scored = SCORED_STACKS

    def batch(self, shape, random):
        """Training pictures, float32 `(*shape, 768)`."""
        stacked = self.digits[self.stacks[random.integers(0, STACKS, shape)]]
        return np.moveaxis(stacked, -3, -1).reshape(*shape, self.dimensions)

    def score(self, outputs: np.ndarray) -> dict[str, float]:
        """Modes and reverse KL of pictures `(samples, 768)`."""
        pictures = np.asarray(outputs, "float64").reshape(-1, 8, 2, 8, 2, 3).mean(axis=(2, 4))
        digits = np.moveaxis((pictures + 1.0) * 8.0, -1, 1).reshape(-1, 64)
        classes = self.classifier.predict(digits).reshape(-1, 3) @ [100, 10, 1]
        counts = np.bincount(classes, minlength=1000)
        return {"modes": int((counts > 0).sum()), "reverse_kl": reverse_kl(counts)}


DATA = {"grid": grid, "ring": ring, "digits": StackedDigits}
