"""Folders and zips of picture files, listed in sorted order and read byte by byte."""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Callable, Container, Iterator, Sequence
from pathlib import Path, PurePosixPath

from keras_stylegan.archives import check_members
from keras_stylegan.data.listed_labels import LISTING, read_labels
from keras_stylegan.formats import READABLE_SUFFIXES, UNREAD_SUFFIXES

_NO_WAIT = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)  # neither flag exists everywhere
_HIDDEN = (".", "__MACOSX")
_UNREAD = "a format that cannot be read"
MAX_BYTES = 2**29  # of one file: more is no picture, and a zip may claim anything


def is_picture(path: PurePosixPath | Path, suffixes: Container[str] = READABLE_SUFFIXES) -> bool:
    """Whether a path relative to its source is listed: by suffix, and not hidden."""
    hidden = any(part.startswith(_HIDDEN) for part in path.parts)
    return path.suffix.lower() in suffixes and not hidden


def class_names(names: Sequence[str], folders: Sequence[str] = ()) -> tuple[str, ...] | None:
    """The classes of pictures named by their paths: the folders of the first level.

    Args:
        names: relative paths with `/`.
        folders: folders of the first level, so that an empty one is noticed.

    Returns:
        The sorted folders if every picture lies below one of at least two, otherwise None.
    """
    if not names or not all("/" in name for name in names):
        return None
    classes = tuple(sorted({name.partition("/")[0] for name in names} | set(folders)))
    return classes if len(classes) > 1 else None


class _Files:
    """What folders and zips share: names, classes, labels.

    Classes are the folders of the first level, unless `read_listing` gives the bytes of a `dataset.json` that has
    labels; `no_classes` then says why these are of no use as classes, if they are not.
    """

    def __init__(
        self,
        location: str,
        names: Sequence[str],
        folders: Sequence[str] = (),
        read_listing: Callable[[], bytes] | None = None,
    ):
        self.location = location
        self.names = sorted(names)
        self.unreadable: dict[str, str] = {}
        self.no_classes = ""
        self.empty_classes: list[str] = []
        listed = read_labels(read_listing, self.names) if read_listing else None
        self._by_folder = listed is None
        if listed is not None:  # numbers that are left out are no classes without pictures
            self.classes, self.no_classes, self._labels = listed.classes, listed.problem, listed.labels
            return
        self.classes = class_names(self.names, folders)
        held = {name.partition("/")[0] for name in self.names}
        self.empty_classes = [name for name in self.classes or () if name not in held]
        self._labels = {name: label for label, name in enumerate(self.classes or ())}

    def __len__(self) -> int:
        return len(self.names)

    def label(self, index: int) -> int | None:
        """The label of picture `index`, without reading it."""
        name = self.names[index]
        return self._labels[name.partition("/")[0] if self._by_folder else name] if self._labels else None


class FolderSource(_Files):
    """The picture files below a folder (see `open_source`).

    Links to folders are followed, each folder is entered once, so circles end.

    Args:
        root: the folder.
    """

    def __init__(self, root: Path):
        problems: dict[str, str] = {}
        found, folders = [], []
        for relative, is_folder in _walk(root, problems):
            (folders if is_folder else found).append(relative)
        listing = root / LISTING
        super().__init__(str(root), found, folders, (lambda: _read_file(listing)) if listing.is_file() else None)
        self.unreadable = problems

    def read(self, index: int) -> tuple[bytes, int | None]:
        return _read_file(os.path.join(self.location, self.names[index])), self.label(index)


class ZipSource(_Files):
    """The picture files in a zip; encrypted and damaged members fail when they are read.

    Args:
        path: the zip file.

    Raises:
        ValueError: if it is no zip, or has members that would leave their folder.
    """

    def __init__(self, path: Path):
        try:
            self._archive = zipfile.ZipFile(path)
        except (FileNotFoundError, PermissionError):
            raise
        except Exception as error:  # a damaged list of members raises nearly any type
            raise ValueError(f"`source` must be a whole zip file ({error}). Received: {path}") from error
        check_members(self._archive, path)
        members = self._archive.infolist()
        names = {info.filename for info in members if not info.is_dir()}
        folders = [info.filename[:-1] for info in members if info.is_dir()]
        first = [folder for folder in folders if "/" not in folder and not folder.startswith(_HIDDEN)]
        read_listing = (lambda: self._read(LISTING)) if LISTING in names else None
        super().__init__(str(path), [name for name in names if is_picture(PurePosixPath(name))], first, read_listing)
        self.unreadable = {name: _UNREAD for name in names if is_picture(PurePosixPath(name), UNREAD_SUFFIXES)}

    def read(self, index: int) -> tuple[bytes, int | None]:
        return self._read(self.names[index]), self.label(index)

    def _read(self, name: str) -> bytes:
        _check_bytes(self._archive.getinfo(name).file_size)
        return self._archive.read(name)


def _read_file(path: str | Path) -> bytes:
    # O_NONBLOCK: a file that has become a pipe since it was listed must not wait for a writer.
    descriptor = os.open(path, os.O_RDONLY | _NO_WAIT)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("not a file")
        _check_bytes(status.st_size)
        return os.read(descriptor, status.st_size)
    finally:
        os.close(descriptor)


def _check_bytes(size: int) -> None:
    if size > MAX_BYTES:
        raise ValueError(f"a picture file may have at most {MAX_BYTES} bytes. Received: {size}")


def _walk(root: Path, problems: dict[str, str]) -> Iterator[tuple[str, bool]]:
    """Picture files, and folders of the first level, as `(relative path, is a folder)`; what fails goes to problems."""
    entered: set[tuple[int, int]] = set()
    pending = [""]
    while pending:
        relative = pending.pop()
        try:
            status = os.stat(root / relative)
            if (status.st_dev, status.st_ino) in entered:
                continue
            entered.add((status.st_dev, status.st_ino))
            with os.scandir(root / relative) as listing:
                entries = sorted(listing, key=lambda entry: entry.name, reverse=True)
        except OSError as error:
            if not relative:
                raise
            problems[f"{relative}/"] = str(error.strerror)
            continue
        for entry in entries:
            path = PurePosixPath(relative, entry.name)
            if entry.name.startswith(_HIDDEN):
                continue
            try:
                is_folder, is_file = entry.is_dir(), entry.is_file()
            except OSError as error:  # a link to itself, or through a folder without permission
                problems[path.as_posix()] = str(error.strerror)
                continue
            if is_folder:
                pending.append(path.as_posix())
                if not relative:
                    yield path.as_posix(), True
            elif is_picture(path):
                if is_file:
                    yield path.as_posix(), False
                else:
                    problems[path.as_posix()] = "not a file, or a link to nothing"
            elif is_picture(path, UNREAD_SUFFIXES):
                problems[path.as_posix()] = _UNREAD
