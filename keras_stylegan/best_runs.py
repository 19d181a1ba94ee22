"""The best moment of a run, as a run directory inside of it."""

from __future__ import annotations

import shutil
from pathlib import Path

from rich.console import Console

from keras_stylegan.callbacks import link
from keras_stylegan.run_records import record_best
from keras_stylegan.systems import System

NAME = "best"
_COPIED = ("config.json", "metrics.jsonl")


def is_best_of_run(folder: Path) -> bool:
    """Whether a folder is where `keep_best` puts, and replaces, the best of a run."""
    folder = folder.resolve()
    run = folder.parent
    return folder.name == NAME and (run / "config.json").is_file() and (run / "checkpoints").is_dir()


def keep_best(system: System, run: Path, checkpoint: Path, console: Console) -> None:
    """Makes `run/best` a run directory that ends with a checkpoint; a copy of it can be trained on.

    It is made beside the one before and takes its place at once; where that is in use and cannot be moved, it stays.

    Args:
        system: whose networks are those of the checkpoint.
        run: the run's directory.
        checkpoint: one of its checkpoints, `checkpoint-IMAGES.npz`.
        console: where to say that an earlier one stays.

    Raises:
        OSError: with the file's name, for a full disk; the earlier one stands.
    """
    for litter in run.glob(f".*.{NAME}.*"):  # of a process that was killed in here, or of a reader that held files
        shutil.rmtree(litter, ignore_errors=True)
    images = int(checkpoint.stem.rpartition("-")[2])
    best, partial, before = run / NAME, run / f".partial.{NAME}.{images}", run / f".before.{NAME}.{images}"
    try:
        _make(system, run, checkpoint, partial)
        record_best(partial, images / 1000)
        try:
            if best.exists():
                best.rename(before)
            partial.rename(best)
        except OSError as error:
            if before.exists() and not best.exists():
                before.rename(best)
            console.print(f"{best} stays that of before, which is in use: {error}", markup=False)
    finally:
        for folder in (partial, before):
            shutil.rmtree(folder, ignore_errors=True)


def _make(system, run, checkpoint, folder):
    (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
    system.save(folder)
    for name in _COPIED:
        if (run / name).exists():
            shutil.copyfile(run / name, folder / name)
    for name in (checkpoint.name, "best.npz"):
        link(checkpoint, folder / "checkpoints" / name)
