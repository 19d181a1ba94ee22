"""Training batches of the scene pipeline: photographs and how each is to be painted, beside scenes."""

from __future__ import annotations

import numpy as np

from keras_stylegan.data.batches import Batches
from keras_stylegan.data.endless import EndlessBatches
from keras_stylegan.data.style_batches import StyleBatches


class SceneBatches(EndlessBatches):
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
        super().__init__(styles.batch_size, styles.seed, parts=(styles, scenes))
        self.styles = styles
        self.scenes = scenes

    def at(self, images_seen: int) -> dict[str, np.ndarray]:
        return {**self.styles.at(images_seen), "images": self.scenes.at(images_seen)["images"]}
