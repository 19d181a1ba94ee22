"""Checkpoints: the whole state of a run in one file, whole or not there; the last few and the best are kept."""

from __future__ import annotations

import math
import os
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
from rich.console import Console

from keras_stylegan.callbacks.clock import Clock
from keras_stylegan.callbacks.state import (
    DamagedError,
    OtherModelError,
    assign_state,
    check_settings,
    frozen_digest,
    get_part,
    not_finite,
    read_state,
    set_part,
    state_variables,
    to_numpy,
    write_state,
)
from keras_stylegan.files import whole_file
from keras_stylegan.intervals import Every

_PATTERN = re.compile(r"checkpoint-\d+\.npz")


class Checkpoint(keras.callbacks.Callback):
    """Saves the whole state of a run every so often and at its end, and keeps the last few and the best.

    A file is written under a temporary name, flushed to disk and renamed: a crash never leaves half a checkpoint under
    a checkpoint's name. A SHA-256 inside finds later damage on reading. A state that is not finite is not saved, so
    the newest checkpoint is one to go back to. Files of a later count than the run's, which a resumption passed over,
    are removed. Callbacks that change variables or `parts` come before this one.

    Args:
        clock: the run's `Clock`.
        folder: where the files `checkpoint-IMAGES.npz` and `best.npz` go.
        every_seconds: seconds between checkpoints, or None.
        every_images: images between checkpoints, or None.
        keep: int, files kept.
        on_save: function called after each save, for files that should be as new as the checkpoint.
        on_best: function called, after that, with the path of a checkpoint that is the best so far.
        resume: whether `fit` begins with the newest whole checkpoint of the folder, if there is one. The clock's feed
            is set to the batch that follows; data from elsewhere is for the caller to position.
        monitor: name of a logged value. The checkpoint at whose save its mean since the save before was smallest is
            also kept as `best.npz`. None keeps no best.
        monitor_facts: of a value that is logged only now and then, what it depends on besides its name: a best is
            compared with another only if both are the same. None for a value of every step.
        settings: what decides the run, as JSON holds it. A checkpoint of other settings is refused.
        parts: dict from name to what has a state and is no variable: NumPy generators, objects with `get_state()`
            (returning what JSON holds) and `set_state(state)`.
        console: where to say what was resumed or not saved, by default the standard error.

    Raises:
        ValueError: if `keep` or an interval is not positive.
    """

    def __init__(
        self,
        clock: Clock,
        folder: str | Path,
        every_seconds: float | None = 600.0,
        every_images: int | None = None,
        keep: int = 3,
        on_save: Callable[[], None] | None = None,
        resume: bool = False,
        monitor: str | None = None,
        monitor_facts: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
        parts: Mapping[str, Any] | None = None,
        console: Console | None = None,
        on_best: Callable[[Path], None] | None = None,
    ):
        super().__init__()
        if keep < 1:
            raise ValueError(f"`keep` must be positive. Received: keep={keep}")
        self.clock = clock
        self.folder = Path(folder)
        self.keep = keep
        self.resume = resume
        self.monitor = monitor
        self.monitor_facts = monitor_facts
        self.settings = settings
        self.parts = dict(parts or {})
        self.console = console or Console(stderr=True, soft_wrap=True, highlight=False)
        self._on_save, self._on_best = on_save, on_best
        self._saved_at = -1
        self._resumed = False
        self._frozen: str | None = None
        self._every_seconds = Every(every_seconds)
        self._every_images = Every(every_images)
        self._monitored: list[float] = []
        self._best = math.inf
        self._logged: list[str] = []
        self._warned = False

    def set_model(self, model):
        super().set_model(model)
        # Keras calls this before any callback's `on_train_begin`, where the others read the clock.
        if self.resume and not self._resumed:
            self.restore_newest()
        self._resumed = True

    def on_train_begin(self, logs=None):
        for litter in self.folder.glob(".partial.*"):  # of a process that was killed while saving
            litter.unlink()
        self._read_best()
        self._every_seconds.last = self.clock.seconds
        self._every_images.last = self.clock.images_seen

    def on_train_batch_end(self, batch, logs=None):
        if self.monitor in (logs or {}):
            self._monitored.append(float(logs[self.monitor]))
        elif self.monitor and logs and not self._logged and self.monitor_facts is None:
            self._logged = sorted(logs)
        due = [self._every_seconds.due(self.clock.seconds), self._every_images.due(self.clock.images_seen)]
        if any(due):
            self.save()

    def on_train_end(self, logs=None):
        if self._saved_at != self.clock.images_seen:
            self.save()

    def save(self) -> Path | None:
        """Writes a checkpoint now and returns its path, or None, with a warning, if the state is not finite.

        Raises:
            OSError: with the file's name, for a full disk; earlier checkpoints stand.
        """
        path = self.folder / f"checkpoint-{self.clock.images_seen:012d}.npz"
        values = {name: to_numpy(variable) for name, variable in state_variables(self.model).items()}
        if wrong := not_finite(values):
            self._say(f"{path.name} not saved: {len(wrong)} variables are not finite, {wrong[0]} the first")
            self._monitored = []
            return None
        score = sum(self._monitored) / len(self._monitored) if self._monitored else math.nan
        if self._logged and not self._monitored and math.isinf(self._best) and not self._warned:
            self._warned = True
            self._say(f"no best is kept: {self.monitor} is not among what is logged, {', '.join(self._logged)}")
        if self._frozen is None:
            self._frozen = frozen_digest(self.model)
        record = {
            "images_seen": self.clock.images_seen,
            "seconds": self.clock.seconds,
            "settings": self.settings,
            "frozen": self._frozen,
            "parts": {name: get_part(part) for name, part in self.parts.items()},
            **({"monitored": score, "monitor": self._monitor()} if math.isfinite(score) else {}),
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        write_state(path, values, record)
        self._monitored = []
        files = checkpoints(self.folder)
        earlier = [file for file in files if file.name <= path.name]
        # Later ones were damaged and passed over; kept, they would stand in for good ones.
        for old in set(files) - set(earlier[-self.keep :]):
            old.unlink()
        if self._on_save is not None:
            self._on_save()
        self._keep_if_best(path, score)
        self._saved_at = self.clock.images_seen
        return path

    def save_again(self, path: Path) -> None:
        """Does what a process that was killed after writing `path`, which was restored, may have left undone."""
        if self._on_save is not None:
            self._on_save()
        self._read_best()
        record = read_record(path)
        if record.get("monitor") == self._monitor():
            self._keep_if_best(path, record["monitored"])

    def _read_best(self):
        if self.monitor and (best := self.folder / "best.npz").exists():
            record = read_record(best)
            same = record.get("monitor", self._monitor()) == self._monitor()
            self._best = record.get("monitored", math.inf) if same else math.inf

    def _keep_if_best(self, path, score):
        if score < self._best:  # false for NaN
            self._best = score
            # The other way round, a process killed in between would never call it for this best again.
            if self._on_best is not None:
                self._on_best(path)
            link(path, self.folder / "best.npz")

    def restore_newest(self) -> Path | None:
        """Continues from the newest whole checkpoint of the folder and says so; see `restore_newest`."""
        path = restore_newest(self.folder, self.model, self.clock, self.settings, self.parts, self._say)
        if path is not None:
            self._say(f"resumed from {path.name} at {self.clock.kimg:g} kimg")
            if self.clock.feed is not None:
                self.clock.feed.seek(self.clock.images_seen // self.clock.batch_size)
        return path

    def _monitor(self):
        return {"name": self.monitor, **(self.monitor_facts or {})}

    def _say(self, text):
        self.console.print(text, markup=False)


def checkpoints(folder: str | Path) -> list[Path]:
    """The checkpoint files of a folder, oldest first."""
    return sorted(path for path in Path(folder).glob("checkpoint-*.npz") if _PATTERN.fullmatch(path.name))


def read_record(path: str | Path) -> dict[str, Any]:
    """What a checkpoint says of itself: images seen, seconds, settings, states of parts; empty if it is damaged."""
    try:
        return read_state(Path(path))[1]
    except DamagedError:
        return {}


def restore(
    path: str | Path,
    model: keras.Model,
    clock: Clock | None = None,
    settings: Mapping[str, Any] | None = None,
    parts: Mapping[str, Any] | None = None,
) -> None:
    """Sets the model, its optimisers (already built), the clock and parts to a checkpoint.

    Args:
        path: the file.
        model: the model.
        clock: the run's `Clock`; None leaves the count as it is.
        settings: as in `Checkpoint`; None accepts all.
        parts: as in `Checkpoint`; those that the checkpoint does not know stay as they are.

    Raises:
        DamagedError: if the file is not what was written.
        OtherModelError: if the checkpoint's variables, frozen weights or settings are not those of the run; the
            message lists the differences, and nothing has been changed.
    """
    path = Path(path)
    values, record = read_state(path)
    if settings is not None and record["settings"] is not None:
        check_settings(path, record["settings"], settings)
    if record["frozen"] != frozen_digest(model):
        raise OtherModelError(f"{path} was trained with other weights of the networks that training does not change")
    assign_state(path, model, values)
    for name in (parts or {}).keys() & record["parts"].keys():
        set_part(parts[name], record["parts"][name])
    if clock is not None:
        clock.restore(int(record["images_seen"]), float(record["seconds"]))


def restore_newest(
    folder: str | Path,
    model: keras.Model,
    clock: Clock | None = None,
    settings: Mapping[str, Any] | None = None,
    parts: Mapping[str, Any] | None = None,
    say: Callable[[str], None] | None = None,
) -> Path | None:
    """Restores the newest whole checkpoint; damaged ones are passed over, and `say` is told of them.

    Returns:
        Its path, or None if the folder holds none.

    Raises:
        OtherModelError: if a checkpoint belongs to another model or other settings.
        ValueError: if there are checkpoints and all are damaged.
    """
    damaged = []
    for path in reversed(checkpoints(folder)):
        try:
            restore(path, model, clock, settings, parts)
            return path
        except DamagedError as error:
            damaged.append(str(error))
            if say is not None:
                say(f"passed over: {error}")
    if damaged:
        raise ValueError("every checkpoint is damaged:\n  " + "\n  ".join(damaged))
    return None


def link(path: Path, target: Path) -> None:
    """`target` as another name of the file, or as a copy where the file system has no links."""
    with whole_file(target) as partial:
        partial.unlink(missing_ok=True)  # another name of an older file, maybe: not to be written through
        try:
            os.link(path, partial)
        except OSError:
            shutil.copyfile(path, partial)
