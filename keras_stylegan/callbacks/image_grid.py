"""Pictures of a run's progress, as PNG files and in TensorBoard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from PIL import Image

from keras_stylegan.callbacks.clock import Clock
from keras_stylegan.callbacks.stop_on_signal import StopOnSignal
from keras_stylegan.callbacks.tensorboard import EventFile
from keras_stylegan.data.tiles import tile
from keras_stylegan.files import whole_file
from keras_stylegan.intervals import Every
from keras_stylegan.ops.gradients import discard_updates
from keras_stylegan.provenance import STYLIZED, describe
from keras_stylegan.xmp_files import embed_xmp


class ImageGrid(keras.callbacks.Callback):
    """Draws pictures at the start, every `every_images` images and at the end.

    Args:
        clock: the run's `Clock`.
        draw: function without arguments that returns pictures as `tile` takes them. It should draw the same inputs
            each time, so that the files show progress.
        folder: where the files `IMAGES.png` go, named after the images seen.
        every_images: int.
        events: `EventFile` that gets each picture too.
        stop: `StopOnSignal`; once it has heard a signal there is no time for the last pictures, which the resumed run
            draws at its start.
    """

    def __init__(
        self,
        clock: Clock,
        draw: Callable[[], np.ndarray],
        folder: str | Path,
        every_images: int,
        events: EventFile | None = None,
        stop: StopOnSignal | None = None,
    ):
        super().__init__()
        self.clock = clock
        self.draw = draw
        self.folder = Path(folder)
        self._every = Every(every_images)
        self._events = events
        self._stop = stop

    def on_train_begin(self, logs=None):
        self._every.last = self.clock.images_seen
        self._write()

    def on_train_batch_end(self, batch, logs=None):
        if self._every.due(self.clock.images_seen):
            self._write()

    def on_train_end(self, logs=None):
        hurried = self._stop is not None and self._stop.signal is not None
        if self._every.last != self.clock.images_seen and not hurried:
            self._write()

    def _write(self):
        with discard_updates():  # a random number drawn here would be missing in training
            picture = tile(self.draw())
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{self.clock.images_seen:012d}.png"
        with whole_file(path) as partial:
            # Some systems draw real pictures beside what they make of them: true of all is the mixed source type.
            Image.fromarray(picture).save(partial)
            partial.write_bytes(embed_xmp(partial.read_bytes(), describe(STYLIZED)))
        if self._events is not None:
            self._events.add_picture(self.clock.images_seen, "pictures", picture)
