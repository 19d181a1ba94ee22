"""Files that are whole or not there."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def whole_file(path: Path, durable: bool = False) -> Iterator[Path]:
    """Context that gives a temporary path to write to, and renames it to `path` at the end.

    After an error inside of the context the temporary file is removed and what stood at `path` before still stands.

    Args:
        path: the file to write; its folder must exist. The temporary name is hidden and keeps the suffix, by which
            Keras and Pillow know the format.
        durable: wait until the file, and then its name, are on the disk, so that not even a power cut loses it.
    """
    partial = path.with_name(f".partial.{path.name}")
    try:
        yield partial
        if durable:
            _flush(partial)
        os.replace(partial, path)
        if durable:
            _flush(path.parent)
    finally:
        partial.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    """Waits until a file's content, or the names in a folder, are on the disk."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except PermissionError:  # Windows opens no folders
        if path.is_dir():
            return
        raise
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
