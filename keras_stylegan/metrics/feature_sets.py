"""What the scores need of a stream of feature vectors, in memory that does not grow with the stream."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from keras_stylegan.files import whole_file


class FeatureSet:
    """Moments of all feature vectors seen, and an even sample of the vectors themselves.

    Count, mean and covariance are exact and kept in float64: Fréchet distances subtract numbers that agree in many
    digits. Up to `max_features` vectors are kept in their order; beyond that a reservoir holds a uniform random sample,
    which a seed repeats.

    Args:
        max_features: vectors (and logits) kept.
        seed: of the reservoir's draws.

    Attributes:
        count: vectors seen.
        mean: float64 array `(features,)`.
        unreadable: names of pictures that were to be in it, but could not be read.
        cropped: pictures of which only the middle was seen.

    Source: Chan et al. 1979, "Updating Formulae and a Pairwise Algorithm for Computing Sample Variances", equation 2.1;
    Vitter 1985, "Random Sampling with a Reservoir", algorithm R.
    """

    def __init__(self, max_features: int = 10_000, seed: int = 0):
        if max_features < 2:
            raise ValueError(f"`max_features` must be at least 2. Received: max_features={max_features}")
        self.max_features = max_features
        self.count = 0
        self.unreadable: tuple[str, ...] = ()
        self.cropped = 0
        self.mean: np.ndarray | None = None
        self._scatter: np.ndarray | None = None
        self._kept: dict[str, np.ndarray] = {}
        self._random = np.random.default_rng(seed)

    def __len__(self) -> int:
        return self.count

    def update(self, features: np.ndarray, logits: np.ndarray | None = None) -> None:
        """Takes a batch in.

        Args:
            features: float array `(batch, features)`.
            logits: float array `(batch, classes)`, or None from extractors that do not classify.

        Raises:
            ValueError: if the shape differs from that of the batches before, or a value is not finite.
        """
        features = np.asarray(features)
        if features.ndim != 2 or (self.mean is not None and features.shape[1] != self.mean.size):
            width = "features" if self.mean is None else self.mean.size
            raise ValueError(f"`features` must have the shape (batch, {width}). Received: {features.shape}")
        if not np.isfinite(features).all():
            raise ValueError("`features` must be finite. Received: NaN or infinite values")
        if not len(features):
            return
        self._update_moments(features.astype("float64"))
        arrays = {"features": features} if logits is None else {"features": features, "logits": np.asarray(logits)}
        places = self._places(len(features))
        for name, array in arrays.items():
            if name not in self._kept:
                self._kept[name] = np.empty((0, array.shape[1]), array.dtype)
            self._kept[name] = _with_rows(self._kept[name], self.count + len(array), self.max_features)
            # One by one and in order: of two vectors drawn to one place the later stays.
            for row, place in enumerate(places):
                if place < self.max_features:
                    self._kept[name][place] = array[row]
        self.count += len(features)

    def _update_moments(self, batch):
        batch_mean = batch.mean(axis=0)
        centred = batch - batch_mean
        scatter = centred.T @ centred
        if self.mean is None:
            self.mean, self._scatter = batch_mean, scatter
            return
        total = self.count + len(batch)
        shift = batch_mean - self.mean
        self.mean = self.mean + shift * (len(batch) / total)
        self._scatter += scatter + np.outer(shift, shift) * (self.count * len(batch) / total)

    def _places(self, batch):
        indices = self.count + np.arange(batch)
        drawn = self._random.integers(0, indices + 1)
        return np.where(indices < self.max_features, indices, drawn)

    @property
    def covariance(self) -> np.ndarray:
        """Unbiased covariance, float64 array `(features, features)`; needs two vectors."""
        return self._scatter / (self.count - 1)

    @property
    def features(self) -> np.ndarray:
        """The vectors kept, array `(min(count, max_features), features)`."""
        return self._kept["features"][: self.count]

    @property
    def logits(self) -> np.ndarray | None:
        """The logits kept, array `(min(count, max_features), classes)`, or None."""
        return self._kept["logits"][: self.count] if "logits" in self._kept else None

    def save(self, path: Path) -> None:
        """Writes the set to an .npz file. What is loaded from it is for scores, not for further updates."""
        arrays = {"features": self.features, "mean": self.mean, "scatter": self._scatter, "count": self.count}
        if self.logits is not None:
            arrays["logits"] = self.logits
        arrays["unreadable"] = np.array(self.unreadable, dtype=str)
        with whole_file(path) as partial:
            np.savez(partial, max_features=self.max_features, cropped=self.cropped, **arrays)

    @classmethod
    def load(cls, path: Path) -> FeatureSet:
        """Reads what `save` has written."""
        with np.load(path, allow_pickle=False) as file:
            loaded = cls(int(file["max_features"]))
            loaded.count, loaded.mean, loaded._scatter = int(file["count"]), file["mean"], file["scatter"]
            loaded.unreadable, loaded.cropped = tuple(map(str, file["unreadable"])), int(file["cropped"])
            loaded._kept = {name: file[name] for name in ("features", "logits") if name in file}
        return loaded


def _with_rows(array, count, limit):
    """The array, or a copy with room for more, up to a limit: twice as many each time, so that few copies are made."""
    if len(array) >= min(count, limit):
        return array
    larger = np.empty((min(limit, max(count, 2 * len(array))), array.shape[1]), array.dtype)
    larger[: len(array)] = array
    return larger
