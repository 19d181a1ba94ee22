"""Checkpoints: all variables of a run in one file, whole or not there."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from keras_stylegan.callbacks.clock import Clock, Every
from keras_stylegan.files import whole_file

_PATTERN = re.compile(r"checkpoint-\d+\.npz")


class OtherModelError(ValueError):
    """A checkpoint's variables are not those of the model."""


def state_variables(model: keras.Model) -> dict[str, keras.Variable]:
    """Every variable that a run changes, under names that are the same in every process.

    A model that knows them says so by a method of this name, as `AdversarialModel` does. Of any other model they are
    its own variables (weights, metrics, random seeds) and its optimizer's.
    """
    if hasattr(model, "state_variables"):
        return model.state_variables()
    optimizer = getattr(model, "optimizer", None)
    groups = {"model": model.variables, "optimizer": optimizer.variables if optimizer is not None else []}
    return {f"{group}/{i:04d}": variable for group, variables in groups.items() for i, variable in enumerate(variables)}


class Checkpoint(keras.callbacks.Callback):
    """Saves the whole state of a run every so often and at its end, and keeps the last few.

    A file is written under a temporary name, flushed to disk and renamed: a crash never leaves half a checkpoint under
    a checkpoint's name. The files are npz archives whose entries carry checksums, so later damage is found on reading.

    Args:
        clock: the run's `Clock`.
        folder: where the files `checkpoint-IMAGES.npz` go.
        every_seconds: seconds between checkpoints, or None.
        every_images: images between checkpoints, or None.
        keep: int, files kept.
        on_save: function called after each save, for files that should be as new as the checkpoint.
    """

    def __init__(
        self,
        clock: Clock,
        folder: str | Path,
        every_seconds: float | None = 600.0,
        every_images: int | None = None,
        keep: int = 3,
        on_save: Callable[[], None] | None = None,
    ):
        super().__init__()
        if keep < 1:
            raise ValueError(f"`keep` must be positive. Received: keep={keep}")
        self.clock = clock
        self.folder = Path(folder)
        self.keep = keep
        self._on_save = on_save
        self._saved_at = -1
        self._every_seconds = Every(every_seconds)
        self._every_images = Every(every_images)

    def on_train_begin(self, logs=None):
        self._every_seconds.last = self.clock.seconds
        self._every_images.last = self.clock.images_seen

    def on_train_batch_end(self, batch, logs=None):
        due = [self._every_seconds.due(self.clock.seconds), self._every_images.due(self.clock.images_seen)]
        if any(due):
            self.save()

    def on_train_end(self, logs=None):
        if self._saved_at != self.clock.images_seen:
            self.save()

    def save(self) -> Path:
        """Writes a checkpoint now and returns its path."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"checkpoint-{self.clock.images_seen:012d}.npz"
        counts = json.dumps({"images_seen": self.clock.images_seen, "seconds": self.clock.seconds})
        values = {name: keras.ops.convert_to_numpy(v) for name, v in state_variables(self.model).items()}
        with whole_file(path) as partial, partial.open("wb") as file:
            np.savez(file, run=np.asarray(counts), **values)
            file.flush()
            os.fsync(file.fileno())
        for old in checkpoints(self.folder)[: -self.keep]:
            old.unlink()
        if self._on_save is not None:
            self._on_save()
        self._saved_at = self.clock.images_seen
        return path


def checkpoints(folder: str | Path) -> list[Path]:
    """The checkpoint files of a folder, oldest first."""
    return sorted(path for path in Path(folder).glob("checkpoint-*.npz") if _PATTERN.fullmatch(path.name))


def restore(path: str | Path, model: keras.Model, clock: Clock) -> None:
    """Sets the model, its optimisers (already built) and the clock to a checkpoint.

    Raises:
        OtherModelError: if the checkpoint's variables are not those of `model`; the message lists the differences.
    """
    variables = state_variables(model)
    with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
        values = {name: archive[name] for name in archive.files}
    counts = json.loads(str(values.pop("run")))
    wrong = sorted(values.keys() ^ variables.keys())
    wrong += [
        f"{name}: {values[name].shape}, model {tuple(variable.shape)}"
        for name, variable in variables.items()
        if name in values and values[name].shape != tuple(variable.shape)
    ]
    if wrong:
        shown = "".join(f"\n  {line}" for line in wrong[:20])
        raise OtherModelError(f"{path} does not belong to this model; {len(wrong)} variables differ:{shown}")
    for name, variable in variables.items():
        variable.assign(values[name])
    clock.restore(int(counts["images_seen"]), float(counts["seconds"]))


def restore_newest(folder: str | Path, model: keras.Model, clock: Clock) -> Path | None:
    """Restores the newest checkpoint that can be read whole.

    Returns:
        Its path, or None if the folder holds none.

    Raises:
        OtherModelError: if a checkpoint belongs to another model.
        ValueError: if there are checkpoints and all are damaged.
    """
    damaged = []
    for path in reversed(checkpoints(folder)):
        try:
            restore(path, model, clock)
        except OtherModelError:
            raise
        except Exception as error:  # zipfile, zlib, struct, key and OS errors all mean a damaged file here
            damaged.append(f"{path}: {error}")
        else:
            return path
    if damaged:
        raise ValueError("every checkpoint is damaged:\n  " + "\n  ".join(damaged))
    return None
