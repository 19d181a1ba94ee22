"""Batches of pictures, alone or in pairs, with their classes: the same on every engine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_stylegan.data.crops import Crops
from keras_stylegan.data.endless import EndlessBatches
from keras_stylegan.data.pictures import stack_floats, to_grey, with_alpha


class Batches(EndlessBatches):
    """Endless batches of pictures.

    A batch is a dict: float32 images `(batch, height, width, channels)` in [-1, 1] under each of `keys`, and where
    there are classes int32 `labels` `(batch,)`, -1 for a picture without one.

    Args:
        crops: one `Crops`, or one a domain.
        keys: names of the images, in the order of `crops` and within them of the pictures that are cropped alike.
        channels: 3, 1 for grey, or 4 for RGB under a full alpha.
        threads: int, background threads of an iteration.
    """

    def __init__(self, crops: Sequence[Crops], keys: Sequence[str] = ("images",), channels: int = 3, threads: int = 2):
        if channels not in (1, 3, 4):
            raise ValueError(f"`channels` must be 1, 3 or 4. Received: channels={channels}")
        self.crops = tuple(crops)
        super().__init__(self.crops[0].batch_size, self.crops[0].seed, threads, self.crops)
        self.keys = tuple(keys)
        self.channels = channels

    @property
    def classes(self) -> tuple[str, ...] | None:
        """The names of the classes, or None without labels."""
        return self.crops[0].source.classes if len(self.keys) == 1 else None

    @property
    def num_images(self) -> int:
        """Pictures in the set; of the greater domain where there are two."""
        return max(len(crops.source) for crops in self.crops)

    def at(self, images_seen: int) -> dict[str, np.ndarray]:
        groups, labels = [], []
        for crops in self.crops:
            pictures, labels = crops.cut(images_seen)
            for first in range(0, pictures[0].shape[-1], 3):
                groups.append([picture[..., first : first + 3] for picture in pictures])
        if self.channels == 1:
            groups = [[to_grey(picture) for picture in pictures] for pictures in groups]
        elif self.channels == 4:
            groups = [[with_alpha(picture) for picture in pictures] for pictures in groups]
        batch = {key: stack_floats(pictures) for key, pictures in zip(self.keys, groups, strict=True)}
        if self.classes is not None:
            batch["labels"] = np.array([-1 if label is None else label for label in labels], "int32")
        return batch
