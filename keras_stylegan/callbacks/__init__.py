"""Keras callbacks that know images, not steps; they work in `fit` and in loops of one's own, on every backend."""

from keras_stylegan.callbacks.checkpoint import Checkpoint, checkpoints, link, read_record, restore, restore_newest
from keras_stylegan.callbacks.clock import Clock
from keras_stylegan.callbacks.health import Health
from keras_stylegan.callbacks.image_grid import ImageGrid
from keras_stylegan.callbacks.metrics_log import MetricsLog
from keras_stylegan.callbacks.model_report import ModelReport
from keras_stylegan.callbacks.progress import Progress
from keras_stylegan.callbacks.rollback import Rollback
from keras_stylegan.callbacks.scores import Scores
from keras_stylegan.callbacks.skipped_pictures import SkippedPictures
from keras_stylegan.callbacks.state import DamagedError, OtherModelError, state_variables
from keras_stylegan.callbacks.stop_on_signal import StopOnSignal
from keras_stylegan.callbacks.tensorboard import EventFile, TensorBoardScalars
from keras_stylegan.callbacks.time_limit import TimeLimit
from keras_stylegan.data.tiles import tile
from keras_stylegan.run_records import read_metrics

__all__ = [
    "Checkpoint",
    "Clock",
    "DamagedError",
    "EventFile",
    "Health",
    "ImageGrid",
    "MetricsLog",
    "ModelReport",
    "OtherModelError",
    "Progress",
    "Rollback",
    "Scores",
    "SkippedPictures",
    "StopOnSignal",
    "TensorBoardScalars",
    "TimeLimit",
    "checkpoints",
    "link",
    "read_metrics",
    "read_record",
    "restore",
    "restore_newest",
    "state_variables",
    "tile",
]
