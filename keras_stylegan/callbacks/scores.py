"""Scores of what a generator makes, while it trains."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import keras

from keras_stylegan.callbacks.clock import Clock
from keras_stylegan.callbacks.stop_on_signal import StopOnSignal
from keras_stylegan.intervals import Every


class Scores(keras.callbacks.Callback):
    """Adds scores to the logs every so often, under `score/` and their names, and at the end of a run.

    A run that ends before its first score is due is not scored at all, nor one that a signal ends. Goes after `Clock`
    and what ends a run, and before the callbacks that write logs down or keep the best checkpoint.

    Args:
        clock: the run's `Clock`.
        score: function from another, which says whether to leave off, to scores by name, or to none where it left off.
            It may not change what training uses.
        every_images: int, images between scores.
        last_images: int, images of the whole run, or None.
        stop: `StopOnSignal`; once it has heard a signal there is no time for scores.

    Attributes:
        error: what `score` raised, or None.
    """

    def __init__(
        self,
        clock: Clock,
        score: Callable[[Callable[[], bool]], Mapping[str, float]],
        every_images: int,
        last_images: int | None = None,
        stop: StopOnSignal | None = None,
    ):
        super().__init__()
        self.clock = clock
        self.score = score
        self.last_images = last_images
        self.error: Exception | None = None
        self._every = Every(every_images)
        self._stop = stop

    def on_train_begin(self, logs=None):
        self._every.last = self.clock.images_seen

    def on_train_batch_end(self, batch, logs=None):
        if logs is None or self._hurried() or not (self._is_last() or self._every.due(self.clock.images_seen)):
            return
        if self.model.failing_player() is not None:  # a state that is about to be left
            return
        try:
            found = self.score(self._hurried)
        except Exception as error:
            self.error = error
            raise
        if self._hurried():
            self.model.stop_training = True  # no time for a step more
        else:
            logs |= {f"score/{name}": value for name, value in found.items()}

    def _hurried(self):
        return self._stop is not None and self._stop.signal is not None

    def _is_last(self):
        over = self.last_images is not None and self.clock.images_seen >= self.last_images
        return (over or self.model.stop_training) and self.clock.images_seen >= self._every.interval
