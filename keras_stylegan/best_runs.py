"""The best moment of a run, as a run directory inside of it."""

from __future__ import annotations

import shutil
from pathlib import Path

from keras_stylegan.callbacks import link
from keras_stylegan.run_records import record_best
from keras_stylegan.systems import System

NAME = "best"
_COPIED = ("config.json", "metrics.jsonl")


def is_best_of_run(folder: Path) -> bool:
    """Whether a folder is what `keep_best` makes and replaces."""
    folder = folder.resolve()
    return folder.name == NAME and all((place / "config.json").is_file() for place in (folder, folder.parent))


def keep_best(system: System, run: Path, checkpoint: Path) -> None:
    """Makes `run/best` a run directory that ends with a checkpoint; a copy of it can be trained on.

    It is made beside the one before and takes its place at once.

    Args:
        system: whose networks are those of the checkpoint.
        run: the run's directory.
        checkpoint: one of its checkpoints, `checkpoint-IMAGES.npz`.
    """
    best, partial, before = (run / name for name in (NAME, f".partial.{NAME}", f".before.{NAME}"))
    for litter in (partial, before):  # of a process that was killed in here
        shutil.rmtree(litter, ignore_errors=True)
    (partial / "checkpoints").mkdir(parents=True)
    system.save(partial)
    for name in _COPIED:
        if (run / name).exists():
            shutil.copyfile(run / name, partial / name)
    for name in (checkpoint.name, "best.npz"):
        link(checkpoint, partial / "checkpoints" / name)
    record_best(partial, int(checkpoint.stem.rpartition("-")[2]) / 1000)
    if best.exists():
        best.rename(before)
    partial.rename(best)
    shutil.rmtree(before, ignore_errors=True)
