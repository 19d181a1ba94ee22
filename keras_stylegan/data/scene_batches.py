"""Training batches of the scene pipeline: photographs and how each is to be painted, beside scenes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from keras_stylegan.data.batches import Batches
from keras_stylegan.data.style_batches import StyleBatches


class SceneBatches:
    """Batch `i` is batch `i` of `styles` with the scenes of batch `i` of `scenes` as `images`.

    Args:
        styles: `StyleBatches`.
        scenes: `Batches` of the same batch size, with the key `images`; labels are left out.

    Raises:
        ValueError: if the batch sizes differ.
    """

    def __init__(self, styles: StyleBatches, scenes: Batches):
        if styles.batch_size != scenes.batch_size:
            raise ValueError(
                f"`styles` and `scenes` must have one batch size. Received: {styles.batch_size} and {scenes.batch_size}"
            )
        self.styles = styles
        self.scenes = scenes

    @property
    def batch_size(self) -> int:
        return self.styles.batch_size

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        return {**self.styles[index], "images": self.scenes[index]["images"]}

    def __iter__(self) -> Iterator[dict[str, np.ndarray]]:
        index = 0
        while True:
            yield self[index]
            index += 1
