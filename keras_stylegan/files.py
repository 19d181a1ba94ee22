"""Files that are whole or not there."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Context that gives a temporary path to write to, and renames it to `path` at the end.

    After an error inside of the context the temporary file is removed and what stood at `path` before still stands.

    Args:
        path: the file to write; its folder must exist. The temporary name is hidden and keeps the suffix, by which
            Keras and Pillow know the format.
    """
    partial = path.with_name(f".partial.{path.name}")
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
