"""TensorBoard event files without TensorFlow: scalars and pictures, written with the tensorboard package alone."""

from __future__ import annotations

import io
import os
import time
from pathlib import Path

import numpy as np
from PIL import Image

from keras_stylegan.callbacks.clock import Clock
from keras_stylegan.callbacks.interval_log import IntervalLog

try:
    from tensorboard.compat.proto.event_pb2 import Event, SessionLog
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.record_writer import RecordWriter
except ImportError:  # a training machine needs no TensorBoard
    RecordWriter = None


class EventFile:
    """One event file in a folder; steps are images seen. Writes nothing where tensorboard is not installed.

    Args:
        folder: the TensorBoard log directory.
    """

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        self._path: Path | None = None

    def add_scalars(self, step: int, values: dict[str, float]) -> None:
        self._add(step, lambda: [Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()])

    def add_picture(self, step: int, tag: str, picture: np.ndarray) -> None:
        """Adds a uint8 array of shape `(height, width, 3)`."""

        def values():
            encoded = io.BytesIO()
            Image.fromarray(picture).save(encoded, "PNG")
            height, width, channels = picture.shape
            image = Summary.Image(
                height=height, width=width, colorspace=channels, encoded_image_string=encoded.getvalue()
            )
            return [Summary.Value(tag=tag, image=image)]

        self._add(step, values)

    def begin(self, step: int) -> None:
        """Says that training begins at a step: TensorBoard drops points of an earlier process that came after it."""
        if RecordWriter is not None:
            self._open()
            self._write(Event(wall_time=time.time(), step=step, session_log=SessionLog(status=SessionLog.START)))

    def _add(self, step, values):
        if RecordWriter is None:
            return
        self._open()
        self._write(Event(wall_time=time.time(), step=step, summary=Summary(value=values())))

    def _open(self):
        if self._path is None:
            now = time.time()
            self.folder.mkdir(parents=True, exist_ok=True)
            # TensorBoard looks for "tfevents" in the name and reads the files of a folder in the order of their names.
            self._path = self.folder / f"events.out.tfevents.{now:017.6f}.{os.getpid()}"
            self._write(Event(wall_time=now, file_version="brain.Event:2"))

    def _write(self, event):
        # Opened anew each time: events are rare, and a run that dies leaves no file open.
        with self._path.open("ab") as file:
            RecordWriter(file).write(event.SerializeToString())


class TensorBoardScalars(IntervalLog):
    """Writes the means of all logged values, the speed and the share of time spent waiting for data to TensorBoard.

    Args:
        clock: the run's `Clock`.
        events: the run's `EventFile`.
        every_images: int, images between points.
    """

    def __init__(self, clock: Clock, events: EventFile, every_images: int):
        super().__init__(clock, every_images)
        self._events = events

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        if self.clock.images_seen:
            self._events.begin(self.clock.images_seen + 1)

    def record(self, values):
        speed = {"images_per_second": self.clock.images_per_second, "data_wait": self.clock.data_wait}
        self._events.add_scalars(self.clock.images_seen, {**values, **speed})
