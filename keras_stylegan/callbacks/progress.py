"""The progress of a run as people see it: a live bar in a terminal, plain lines elsewhere."""

from __future__ import annotations

import keras
from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar

from keras_stylegan.callbacks.clock import Clock
from keras_stylegan.callbacks.interval_log import COUNTS
from keras_stylegan.intervals import LINE_SECONDS, Every, format_seconds

_SMOOTHING = 0.95


class Progress(keras.callbacks.Callback):
    """Shows images seen, images/s, the time left and every step's logged values, smoothed over about twenty steps.

    Args:
        clock: the run's `Clock`.
        total_images: int, images at which the run ends.
        total_seconds: float, seconds of training after which it ends if that comes first, or None.
        every_seconds: seconds between lines where the output is not a terminal.
        console: where to write, by default the standard error.
    """

    def __init__(
        self,
        clock: Clock,
        total_images: int,
        total_seconds: float | None = None,
        every_seconds: float = LINE_SECONDS,
        console: Console | None = None,
    ):
        super().__init__()
        self.clock = clock
        self.total_images = total_images
        self.total_seconds = total_seconds
        self.console = console or Console(stderr=True)
        self._every = Every(every_seconds)
        self._bar: Bar | None = None
        self._values: dict[str, float] = {}

    def on_train_begin(self, logs=None):
        self._every.last = self.clock.seconds
        if self.console.is_terminal:
            self._bar = Bar(BarColumn(20), TextColumn("{task.description}"), console=self.console)
            self._task = self._bar.add_task("compiling", total=self.total_images, completed=self.clock.images_seen)
            self._bar.start()

    def on_train_batch_end(self, batch, logs=None):
        for name, value in (logs or {}).items():
            if name == "images_seen" or name.count("/") > 1 or name.startswith(("health/", "score/")):
                continue  # what is logged now and then is for the files
            if name.endswith(COUNTS):
                self._values.update({name: value} if value else {})  # a count, worth its place once it is not 0
                continue
            self._values[name] = _SMOOTHING * self._values.get(name, value) + (1 - _SMOOTHING) * value
        if self._bar is not None:
            self._bar.update(self._task, completed=self.clock.images_seen, description=self.line())
        elif self._every.due(self.clock.seconds):
            self.console.print(self.line(), soft_wrap=True, highlight=False, markup=False)

    def close(self) -> None:
        """Takes the live bar down: for a run that ends by an error, after which Keras does not call `on_train_end`."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def on_train_end(self, logs=None):
        self.close()
        self.console.print(self.line(), soft_wrap=True, highlight=False, markup=False)

    def line(self) -> str:
        """One line of text: where the run stands."""
        clock, speed = self.clock, self.clock.images_per_second
        ends = [(self.total_images - clock.images_seen) / speed] if speed else []
        ends += [self.total_seconds - clock.seconds] if self.total_seconds else []
        parts = [
            f"{clock.kimg:.1f}/{self.total_images / 1000:.1f} kimg",
            f"{speed:.1f} images/s",
            f"ETA {format_seconds(min(ends)) if ends else '-'}",
            *(f"{name} {value:.4g}" for name, value in self._values.items()),
        ]
        return "  ".join(parts)
