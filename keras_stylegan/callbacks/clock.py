"""What time it is in a run: images seen, seconds, images per second, share of time spent waiting for data."""

from __future__ import annotations

import collections
import time

import keras

from keras_stylegan.data.feed import Feed


class Clock(keras.callbacks.Callback):
    """Counts images and time; the other callbacks ask it. It must come first in the list of callbacks.

    Args:
        batch_size: int, images in a step (of all replicas together).
        feed: the `Feed` that training reads, told after each step so that it can count the seconds waited.

    Attributes:
        images_seen: int, images trained on, those before it was resumed included.
        seconds: float, seconds of training, those before it was resumed included.
    """

    def __init__(self, batch_size: int, feed: Feed | None = None):
        super().__init__()
        if batch_size < 1:
            raise ValueError(f"`batch_size` must be positive. Received: batch_size={batch_size}")
        self.batch_size = batch_size
        self.feed = feed
        self.images_seen = 0
        self.seconds = 0.0
        self._seconds_before = 0.0
        self._started = 0.0
        # The first step of a session compiles; the window starts after it and then follows the last steps.
        self._window: collections.deque[tuple[float, int]] = collections.deque(maxlen=200)

    @property
    def kimg(self) -> float:
        """Thousands of images seen."""
        return self.images_seen / 1000

    @property
    def images_per_second(self) -> float:
        """Speed over the last steps; 0.0 before the second step of a session is over."""
        if len(self._window) < 2:
            return 0.0
        (begin, first), (end, last) = self._window[0], self._window[-1]
        return (last - first) / max(end - begin, 1e-9)

    @property
    def data_wait(self) -> float:
        """Share of the training time since the start or resumption spent waiting for data, 0..1."""
        elapsed = self.seconds - self._seconds_before
        return self.feed.seconds_waited / elapsed if self.feed is not None and elapsed > 0 else 0.0

    def restore(self, images_seen: int, seconds: float) -> None:
        """Continues the count of a run that is resumed."""
        self.images_seen = images_seen
        self.seconds = self._seconds_before = seconds

    def on_train_begin(self, logs=None):
        self._started = time.perf_counter()
        self._seconds_before = self.seconds
        self._window.clear()

    def on_train_batch_end(self, batch, logs=None):
        now = time.perf_counter()
        self.images_seen += self.batch_size
        self.seconds = self._seconds_before + now - self._started
        self._window.append((now, self.images_seen))
        if self.feed is not None:
            self.feed.step_done()
