"""Which picture comes when, and with which random numbers: functions of the seed and the picture's position alone.

Position counts pictures since the start of the run, so neither the batch size nor the number of threads nor a stop and
resume changes what is seen.
"""

from __future__ import annotations

import numpy as np

DRAWS = 4  # numbers a picture: what Philox gives at one count


class ShuffledOrder:
    """Every picture once before any comes again, in a new order each time.

    Args:
        count: int, pictures.
        seed: int >= 0.
        stream: int >= 0, another order of the same seed.
    """

    def __init__(self, count: int, seed: int, stream: int = 0):
        if count < 1:
            raise ValueError(f"`count` must be positive. Received: count={count}")
        if seed < 0:
            raise ValueError(f"`seed` must not be negative. Received: seed={seed}")
        self.count = count
        self.seed = seed
        self.stream = stream
        self._epochs: dict[int, np.ndarray] = {}

    def indices(self, first: int, count: int) -> np.ndarray:
        """int64 array of shape `(count,)`: the pictures at the positions from `first`."""
        epochs, offsets = np.divmod(np.arange(first, first + count), self.count)
        indices = np.empty(count, "int64")
        for epoch in np.unique(epochs):
            here = epochs == epoch
            indices[here] = self._epoch(int(epoch))[offsets[here]]
        return indices

    def _epoch(self, epoch: int) -> np.ndarray:
        order = self._epochs.get(epoch)
        if order is None:
            order = np.random.default_rng((self.seed, self.stream + 1, epoch)).permutation(self.count)
            # Batches prepared ahead stand on both sides of an epoch's end. One assignment, so threads see all or none.
            self._epochs = {**{e: o for e, o in self._epochs.items() if abs(e - epoch) == 1}, epoch: order}
        return order


def draws(seed: int, stream: int, first: int, count: int) -> np.ndarray:
    """Uniform numbers in [0, 1), `DRAWS` for each of the positions from `first`.

    Philox is a function of key and counter, so no generator has to be advanced to a position (Salmon et al. 2011,
    "Parallel random numbers: as easy as 1, 2, 3").

    Returns:
        float64 array of shape `(count, DRAWS)`.
    """
    bits = np.random.Philox(key=np.array([seed, stream], "uint64"), counter=first).random_raw(DRAWS * count)
    return (bits >> np.uint64(11)).reshape(count, DRAWS) * 2.0**-53
