"""Scores of what a generator makes, while it trains."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import keras

from keras_stylegan.callbacks.clock import Clock
from keras_stylegan.intervals import Every
from keras_stylegan.ops.gradients import discard_updates


class Scores(keras.callbacks.Callback):
    """Adds scores to the logs every so often, under `score/` and their names.

    Goes after `Clock` and before the callbacks that write logs down or keep the best checkpoint.

    Args:
        clock: the run's `Clock`.
        score: function without arguments to scores by name. What it draws and updates is taken back.
        every_images: int, images between scores.
    """

    def __init__(self, clock: Clock, score: Callable[[], Mapping[str, float]], every_images: int):
        super().__init__()
        self.clock = clock
        self.score = score
        self._every = Every(every_images)

    def on_train_begin(self, logs=None):
        self._every.last = self.clock.images_seen

    def on_train_batch_end(self, batch, logs=None):
        if logs is not None and self._every.due(self.clock.images_seen):
            with discard_updates():  # a random number drawn here would be missing in training
                logs |= {f"score/{name}": value for name, value in self.score().items()}
