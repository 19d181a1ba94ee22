"""Batches for training: endless, the same on every engine, from any position on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from keras_stylegan.data.crops import Crops
from keras_stylegan.data.pictures import stack_floats, to_grey, with_alpha


class Batches:
    """Endless batches, each a function of the seed and of the images seen before it alone.

    A batch is a dict: float32 images `(batch, height, width, channels)` in [-1, 1] under each of `keys`, and where
    there are classes int32 `labels` `(batch,)`, -1 for a picture without one. Three ways to them, all equal:
    `batches[index]`; `for batch in batches`, prepared ahead by threads; `batches.dataset()`, a `tf.data.Dataset`.

    Args:
        crops: one `Crops`, or one a domain.
        keys: names of the images, in the order of `crops` and within them of the pictures that are cropped alike.
        channels: 3, 1 for grey, or 4 for RGB under a full alpha.
        threads: int, background threads of an iteration.

    Attributes:
        images_seen: int, where an iteration begins; follows it.
    """

    def __init__(self, crops: Sequence[Crops], keys: Sequence[str] = ("images",), channels: int = 3, threads: int = 2):
        if channels not in (1, 3, 4):
            raise ValueError(f"`channels` must be 1, 3 or 4. Received: channels={channels}")
        if threads < 1:
            raise ValueError(f"`threads` must be positive. Received: threads={threads}")
        self.crops = tuple(crops)
        self.keys = tuple(keys)
        self.channels = channels
        self.threads = threads
        self.images_seen = 0

    @property
    def batch_size(self) -> int:
        return self.crops[0].batch_size

    @property
    def classes(self) -> tuple[str, ...] | None:
        """The names of the classes, or None without labels."""
        return self.crops[0].source.classes if len(self.keys) == 1 else None

    @property
    def num_images(self) -> int:
        """Pictures in the set; of the greater domain where there are two."""
        return max(len(crops.source) for crops in self.crops)

    @property
    def unreadable(self) -> dict[str, str]:
        """The pictures skipped so far, by name, with the reason."""
        return {name: reason for crops in self.crops for name, reason in crops.source.unreadable.items()}

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        """Batch `index` (0, 1, ...) of the run."""
        if index < 0:  # an endless sequence has no last batch
            raise IndexError(f"`index` must not be negative. Received: index={index}")
        return self.at(index * self.batch_size)

    def at(self, images_seen: int) -> dict[str, np.ndarray]:
        """The batch that follows when `images_seen` images have been seen."""
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

    def __iter__(self) -> Iterator[dict[str, np.ndarray]]:
        """Goes on from `images_seen`, which counts the batches handed out."""
        for batch in self._prepared(self.images_seen):
            self.images_seen += self.batch_size
            yield batch

    def state(self) -> dict[str, int]:
        """The position in the data, as a checkpoint holds it."""
        return {"seed": self.crops[0].seed, "images_seen": self.images_seen}

    def restore(self, state: dict[str, int]) -> None:
        """Continues at the position of `state`: the next iteration begins with the picture after the last one seen.

        Raises:
            ValueError: if the state is of another seed, whose order is another.
        """
        if state["seed"] != self.crops[0].seed:
            raise ValueError(f"`state` must be of seed {self.crops[0].seed}. Received: seed={state['seed']}")
        self.images_seen = int(state["images_seen"])

    def dataset(self, images_seen: int = 0) -> Any:
        """The batches as a `tf.data.Dataset`, endless, from `images_seen` on."""
        import tensorflow as tf

        sample = self.at(images_seen)
        signature = {key: tf.TensorSpec(array.shape, array.dtype) for key, array in sample.items()}
        dataset = tf.data.Dataset.from_generator(lambda: self._prepared(images_seen), output_signature=signature)
        options = tf.data.Options()
        # The generator waits for decoding in TensorFlow's common threads, so it must not hold the last of them.
        options.threading.private_threadpool_size = 2
        return dataset.prefetch(1).with_options(options)

    def _prepared(self, images_seen: int) -> Iterator[dict[str, np.ndarray]]:
        from keras_stylegan.data.feed import Feed  # a Keras dataset: reading files alone need not wait for Keras

        feed = Feed(_From(self, images_seen), threads=self.threads, ahead=2 * self.threads)
        try:
            index = 0
            while True:
                yield feed[index]
                feed.step_done()
                index += 1
        finally:
            feed.close()


class _From:
    """Batches counted from a position that need not be a multiple of the batch size."""

    def __init__(self, batches: Batches, images_seen: int):
        self.batches = batches
        self.images_seen = images_seen

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        return self.batches.at(self.images_seen + index * self.batches.batch_size)
