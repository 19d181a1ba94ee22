"""A run that ends after so much time, whatever it has seen by then."""

from __future__ import annotations

import keras

from keras_stylegan.callbacks.clock import Clock


class TimeLimit(keras.callbacks.Callback):
    """Ends training after the step in which its time is up; the other callbacks' `on_train_end` saves.

    The step that compiles counts, and so do pictures and checkpoints on the way: it is the time one waits.

    Args:
        clock: the run's `Clock`, which comes before this in the list of callbacks.
        seconds: float, of training, those before it was resumed included.

    Raises:
        ValueError: if `seconds` is not positive.
    """

    def __init__(self, clock: Clock, seconds: float):
        super().__init__()
        if not seconds > 0:
            raise ValueError(f"`seconds` must be positive. Received: seconds={seconds}")
        self.clock = clock
        self.seconds = seconds

    def on_train_batch_end(self, batch, logs=None):
        if self.clock.seconds >= self.seconds:
            self.model.stop_training = True
