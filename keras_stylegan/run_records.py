"""What a run directory says of its run, readable without Keras, while it trains, and wherever it was copied to."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keras_stylegan.files import whole_file

try:
    import fcntl
except ImportError:  # Windows has no such locks: there a run that was killed reads as running
    fcntl = None

STATES = ("running", "finished", "stopped", "failed")
_CHECKPOINT = re.compile(r"checkpoint-(\d+)\.npz")


@dataclasses.dataclass(frozen=True)
class RunRecord:
    """A run.

    Attributes:
        path: its directory.
        system: the system's name.
        state: one of `STATES`.
        reason: why it stopped or failed, empty otherwise.
        kimg: thousands of images trained on, by its logs and checkpoints.
        total_kimg: thousands of images at its end.
        metric: name of the logged value that marks the best checkpoint, empty for none.
        best: its smallest value so far, or None.
        best_kimg: where that was, or None.
    """

    path: str
    system: str
    state: str
    reason: str
    kimg: float
    total_kimg: float
    metric: str
    best: float | None
    best_kimg: float | None


@contextlib.contextmanager
def running(out: Path) -> Iterator[None]:
    """Context in which a directory's run is running: `state.json` says so, and afterwards how it ended.

    A lock of the operating system, which goes with the process however it ends, tells a run that is running from one
    that was killed, and keeps a second process away.

    Raises:
        ValueError: if another process trains in the directory.
    """
    out.mkdir(parents=True, exist_ok=True)
    with (out / ".lock").open("a") as lock:
        if not _take(lock):
            raise ValueError(f"`out` is being trained by another process. Received: {out}")
        _write(out, "running")
        try:
            yield
        except (KeyboardInterrupt, SystemExit) as error:
            _write(out, "stopped", "interrupted" if isinstance(error, KeyboardInterrupt) else "terminated")
            raise
        except BaseException as error:
            with contextlib.suppress(OSError):  # a full disk: the error itself says so
                _write(out, "failed", " ".join(str(error).split()) or type(error).__name__)
            raise
        _write(out, "finished")


def record_stop(out: Path, number: signal.Signals) -> None:
    """Records that a signal ends the directory's run here and now, without what `running` does at its end."""
    reason = "interrupted" if number == signal.SIGINT else "terminated"
    _write(out, "stopped", f"{reason} within a step too long to be waited for")


def record_best(out: Path, kimg: float) -> None:
    """Records that a directory is a copy of a run at its best."""
    _write(out, "stopped", f"the best, at {kimg:g} kimg")


def find_runs(folder: str | Path) -> list[RunRecord]:
    """The runs in a directory: itself, or those anywhere below it, in the order of their paths."""
    records = []
    for path, folders, files in os.walk(folder):
        folders.sort()
        if "config.json" in files and (record := read_run(Path(path))) is not None:
            records.append(record)
            folders.clear()
    return records


def read_run(path: Path) -> RunRecord | None:
    """The run of a directory, or None if its `config.json` is not that of a run."""
    try:
        config = read_config(path)
    except (OSError, ValueError):
        return None
    settings, system = config["settings"], config["system"]
    state, reason = _read_state(path)
    lines = read_metrics(path / "metrics.jsonl")
    images = _images_at_checkpoints(path)
    metric = settings.get("monitor") or ""
    scores = [(line[metric], line["kimg"]) for line in lines if line.get(metric) is not None]
    best, best_kimg = min(scores, default=(None, None))
    kimg = max([line["kimg"] for line in lines] + [count / 1000 for count in images], default=0.0)
    return RunRecord(str(path), system, state, reason, kimg, settings.get("kimg", 0.0), metric, best, best_kimg)


def read_config(path: Path) -> dict[str, Any]:
    """The `config.json` of a run directory.

    Raises:
        ValueError: if it is not that of a run.
        OSError: if it is not there, or cannot be read.
    """
    file = path / "config.json"
    try:
        config = json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise ValueError(f"{file} is not the configuration of a run: {error}") from error
    parts = [config.get(name) if isinstance(config, dict) else None for name in ("settings", "facts", "system")]
    if not (isinstance(parts[0], dict) and isinstance(parts[1], dict) and isinstance(parts[2], str)):
        raise ValueError(f"{file} is not the configuration of a run")
    return config


def read_metrics(path: str | Path) -> list[dict[str, Any]]:
    """The records of a metrics.jsonl, none where there is no such file.

    Lines that are not whole are left out: the last one while it is written, and what a crash cut off or filled up.
    """
    path = Path(path)
    records = []
    for line in path.read_bytes().split(b"\n")[:-1] if path.exists() else ():
        with contextlib.suppress(ValueError):  # half a line, or zeros that a power cut left
            record = json.loads(line)
            records += [record] if isinstance(record, dict) else []
    return records


def state_of_network(run: Path) -> tuple[int, dict[str, Any]]:
    """Images that the network in a run directory has seen, and the line of metrics.jsonl of that time.

    A run that was stopped may have logged more than its newest checkpoint, with which the network is written, has seen,
    and one that was killed early nothing yet: then the line is empty.
    """
    lines, saved = read_metrics(run / "metrics.jsonl"), _images_at_checkpoints(run)
    images_seen = max(saved) if saved else max((line["images"] for line in lines), default=0)
    return images_seen, next((line for line in reversed(lines) if line["images"] <= images_seen), {})


def _images_at_checkpoints(run):
    return [int(found[1]) for name in _names(run / "checkpoints") if (found := _CHECKPOINT.fullmatch(name))]


def _read_state(path):
    try:
        record = json.loads((path / "state.json").read_text())
        state, reason = record["state"], record.get("reason", "")
    except (OSError, ValueError, KeyError, TypeError):
        return "stopped", "before it began to train"
    if state == "running" and not _is_locked(path / ".lock"):
        return "stopped", "killed"
    return state, reason


def _write(out, state, reason=""):
    with whole_file(out / "state.json") as partial:
        partial.write_text(json.dumps({"state": state, **({"reason": reason} if reason else {})}) + "\n")


def _take(lock):
    if fcntl is None:
        return True
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_locked(path):
    if fcntl is None:
        return True
    try:
        with path.open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _names(folder):
    return os.listdir(folder) if folder.is_dir() else []
