"""Means of the logged values over an interval of images: the base of what writes them down."""

from __future__ import annotations

import keras

from keras_stylegan.callbacks.clock import Clock
from keras_stylegan.intervals import Every

# Ends of the names of logged values that are counts since the beginning of a run.
COUNTS = ("skipped_updates", "skipped_pictures")


class IntervalLog(keras.callbacks.Callback):
    """Calls `record(values)` every `every_images` images and at the end, with the means since the last call.

    A single batch's losses are too noisy to read; their means over an interval are not. A value that is not finite
    makes its mean not finite: it must be seen. Of a count, such as skipped updates, the last value is taken; images
    seen are left out, the clock knows them. Scores end an interval early: their line is there when what was scored is
    saved.

    Args:
        clock: the run's `Clock`.
        every_images: int.
    """

    def __init__(self, clock: Clock, every_images: int):
        super().__init__()
        self.clock = clock
        self._every = Every(every_images)
        self._sums: dict[str, float] = {}
        self._counts: dict[str, int] = {}

    def record(self, values: dict[str, float]) -> None:
        """Writes down the means of an interval. To be overridden."""
        raise NotImplementedError(f"{type(self).__name__} must override `record`.")

    def on_train_begin(self, logs=None):
        self._every.last = self.clock.images_seen

    def on_train_batch_end(self, batch, logs=None):
        for name, value in (logs or {}).items():
            if name == "images_seen":
                continue
            if name.endswith(COUNTS):
                self._sums[name], self._counts[name] = float(value), 1
                continue
            self._sums[name] = self._sums.get(name, 0.0) + float(value)
            self._counts[name] = self._counts.get(name, 0) + 1
        scored = any(name.startswith("score/") for name in logs or {})
        if self._every.due(self.clock.images_seen) or scored:
            self._flush()

    def on_train_end(self, logs=None):
        self._flush()

    def _flush(self):
        if not self._counts:
            return
        means = {name: total / self._counts[name] for name, total in self._sums.items()}
        self._sums, self._counts = {}, {}
        self.record(means)
