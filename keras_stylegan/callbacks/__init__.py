"""Keras callbacks that know images, not steps; they work in `fit` and in loops of one's own, on every backend."""

from keras_stylegan.callbacks.checkpoint import (
    Checkpoint,
    OtherModelError,
    checkpoints,
    restore,
    restore_newest,
    state_variables,
)
from keras_stylegan.callbacks.clock import Clock
from keras_stylegan.callbacks.image_grid import ImageGrid, tile
from keras_stylegan.callbacks.metrics_log import MetricsLog, read_metrics
from keras_stylegan.callbacks.progress import Progress
from keras_stylegan.callbacks.tensorboard import EventFile, TensorBoardScalars

__all__ = [
    "Checkpoint",
    "Clock",
    "EventFile",
    "ImageGrid",
    "MetricsLog",
    "OtherModelError",
    "Progress",
    "TensorBoardScalars",
    "checkpoints",
    "read_metrics",
    "restore",
    "restore_newest",
    "state_variables",
    "tile",
]
