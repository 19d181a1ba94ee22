"""Training batches of the multi-style system: photographs, and the style or mixture that each is to be painted in."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from keras_stylegan.data.crops import Crops


class StyleBatches:
    """Batch `i` is `{"content": crops, "style_weights": weights}`, a function of the seeds and `i` alone.

    A picture gets one style with probability 1 - `mix_probability`, otherwise a mixture of two different styles with
    weights (u, 1 - u), u uniform in [0, 1].

    Args:
        crops: `Crops` of photographs.
        num_styles: int, N.
        mix_probability: float in [0, 1].
        seed: int.
    """

    def __init__(self, crops: Crops, num_styles: int, mix_probability: float = 0.25, seed: int = 0):
        if num_styles < 1:
            raise ValueError(f"`num_styles` must be positive. Received: num_styles={num_styles}")
        if not 0 <= mix_probability <= 1:
            raise ValueError(f"`mix_probability` must be in [0, 1]. Received: mix_probability={mix_probability}")
        if mix_probability > 0 and num_styles < 2:
            raise ValueError(
                "`mix_probability` must be 0 when there is one style. "
                f"Received: mix_probability={mix_probability}, num_styles={num_styles}"
            )
        self.crops = crops
        self.num_styles = num_styles
        self.mix_probability = mix_probability
        self.seed = seed

    @property
    def batch_size(self) -> int:
        return self.crops.batch_size

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        """`content` `(batch, height, width, 3)` in [-1, 1] and `style_weights` `(batch, N)`, whose rows sum to 1."""
        return {"content": self.crops[index], "style_weights": self.style_weights(index)}

    def __iter__(self) -> Iterator[dict[str, np.ndarray]]:
        index = 0
        while True:
            yield self[index]
            index += 1

    def style_weights(self, index: int) -> np.ndarray:
        rng = np.random.default_rng((self.seed, 2, index))
        rows = np.zeros((self.batch_size, self.num_styles), "float32")
        for row in rows:
            first, share = rng.integers(self.num_styles), 1.0
            if rng.random() < self.mix_probability:
                share = rng.random()
                second = (first + rng.integers(1, self.num_styles)) % self.num_styles
                row[second] = 1 - share
            row[first] = share
        return rows
