"""Files and folders that are whole or not there."""

from __future__ import annotations

import contextlib
import errno
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

    Raises:
        OSError: with the file's name, also where the system gives none, as for a full disk.
    """
    partial = path.with_name(f".partial.{path.name}")
    try:
        yield partial
        if durable:
            _flush(partial)
        os.replace(partial, path)
        if durable:
            _flush(path.parent)
    except OSError as error:
        if error.errno is None or error.filename is not None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        partial.unlink(missing_ok=True)


@contextlib.contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Context that gives an empty temporary folder to fill, and renames it to `path` at the end.

    After an error inside of the context nothing is left behind, nor folders above that were made for it.

    Args:
        path: the folder to make, which must not exist. The temporary name beside it is hidden.
    """
    import shutil  # much, and needed by no command that writes pictures

    missing = [folder for folder in (path.parent, *path.parent.parents) if not folder.exists()]
    partial = path.with_name(f".partial.{path.name}")
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(partial, ignore_errors=True)  # of a process that was killed
    try:
        partial.mkdir()
        yield partial
        os.rename(partial, path)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        for folder in missing:
            with contextlib.suppress(OSError):  # something else has been put there meanwhile
                folder.rmdir()
        raise


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
    except OSError as error:  # some file systems, mounted clouds among them, cannot flush a folder
        if error.errno not in (errno.EINVAL, errno.ENOTSUP) or not path.is_dir():
            raise
    finally:
        os.close(descriptor)
