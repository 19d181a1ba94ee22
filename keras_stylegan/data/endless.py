"""What every kind of batches is: an endless sequence, whose place is the number of images seen before."""

from __future__ import annotations

import abc
from collections.abc import Iterator, Sequence
from typing import Any

from keras_stylegan.data.images import ImageSource


class EndlessBatches(abc.ABC):
    """Endless batches, each a function of its arguments and of the images seen before it alone.

    A kind of batches says what follows after so many images, by `at`. Three ways to them, all equal: `batches[index]`;
    `for batch in batches`, prepared ahead by threads; `batches.dataset()`, a `tf.data.Dataset`.

    Args:
        batch_size: int, images in a batch.
        seed: int, of the order.
        threads: int, background threads of an iteration.
        parts: other batches, of whose pictures these are made.

    Attributes:
        images_seen: int, where an iteration begins; follows it.

    Raises:
        ValueError: if `batch_size` or `threads` is not positive.
    """

    def __init__(self, batch_size: int, seed: int, threads: int = 2, parts: Sequence[EndlessBatches] = ()):
        if batch_size < 1:
            raise ValueError(f"`batch_size` must be positive. Received: batch_size={batch_size}")
        if threads < 1:
            raise ValueError(f"`threads` must be positive. Received: threads={threads}")
        self.batch_size = batch_size
        self.seed = seed
        self.threads = threads
        self.images_seen = 0
        self._parts = parts

    @abc.abstractmethod
    def at(self, images_seen: int) -> Any:
        """The batch that follows when `images_seen` images have been seen: an array, or a dict of arrays."""

    def __getitem__(self, index: int) -> Any:
        """Batch `index` (0, 1, ...) of the run."""
        if index < 0:  # an endless sequence has no last batch
            raise IndexError(f"`index` must not be negative. Received: index={index}")
        return self.at(index * self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        """Goes on from `images_seen`, which counts the batches handed out."""
        for batch in self._prepared(self.images_seen):
            self.images_seen += self.batch_size
            yield batch

    def sources(self) -> list[ImageSource]:
        """The sets of pictures that are read."""
        return list(dict.fromkeys(source for part in self._parts for source in part.sources()))

    @property
    def unreadable(self) -> dict[str, str]:
        """The pictures skipped so far, by name, with the reason; of several sets with their locations in front."""
        # Copies: threads that read ahead may add to them.
        found = {source: dict(source.unreadable) for source in self.sources()}
        return {
            name if len(found) == 1 else f"{source.location}/{name}": reason
            for source, names in found.items()
            for name, reason in names.items()
        }

    def state(self) -> dict[str, int]:
        """The position in the data, as a checkpoint holds it."""
        return {"seed": self.seed, "images_seen": self.images_seen}

    def restore(self, state: dict[str, int]) -> None:
        """Continues at the position of `state`: the next iteration begins with the picture after the last one seen.

        Raises:
            ValueError: if the state is of another seed, whose order is another.
        """
        if state["seed"] != self.seed:
            raise ValueError(f"`state` must be of seed {self.seed}. Received: seed={state['seed']}")
        self.images_seen = int(state["images_seen"])

    def dataset(self, images_seen: int = 0) -> Any:
        """The batches as a `tf.data.Dataset`, endless, from `images_seen` on."""
        import tensorflow as tf

        signature = tf.nest.map_structure(lambda array: tf.TensorSpec(array.shape, array.dtype), self.at(images_seen))
        dataset = tf.data.Dataset.from_generator(lambda: self._prepared(images_seen), output_signature=signature)
        options = tf.data.Options()
        # The generator waits for decoding in TensorFlow's common threads, so it must not hold the last of them.
        options.threading.private_threadpool_size = 2
        return dataset.prefetch(1).with_options(options)

    def _prepared(self, images_seen: int) -> Iterator[Any]:
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

    def __init__(self, batches: EndlessBatches, images_seen: int):
        self.batches = batches
        self.images_seen = images_seen

    def __getitem__(self, index: int) -> Any:
        return self.batches.at(self.images_seen + index * self.batches.batch_size)
