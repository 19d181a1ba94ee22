"""Figures too many for every step and for the progress bar, such as every term by style."""

from __future__ import annotations

import keras

from keras_stylegan.callbacks.clock import Clock
from keras_stylegan.intervals import Every


class ModelReport(keras.callbacks.Callback):
    """Adds what `model.report()` returns to the logs of every interval's last step, for the callbacks after it.

    Args:
        clock: the run's `Clock`.
        every_images: int, as of the callbacks that write logs down.
    """

    def __init__(self, clock: Clock, every_images: int):
        super().__init__()
        self.clock = clock
        self._every = Every(every_images)

    def on_train_begin(self, logs=None):
        self._every.last = self.clock.images_seen

    def on_train_batch_end(self, batch, logs=None):
        if logs is not None and self._every.due(self.clock.images_seen):
            logs |= self.model.report()
