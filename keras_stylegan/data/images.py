"""Pictures from a folder, a zip or an npz file behind one sequence of uint8 RGB arrays, without TensorFlow."""

from __future__ import annotations

import io
import os
import threading
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from keras_stylegan.data.pictures import SUFFIXES, read_picture, shrink, to_rgb

MAX_UNREADABLE = 0.01


class ImageSource(Sequence):
    """A sequence of pictures that survives damaged files.

    `source[index]` is a uint8 array of shape `(height, width, 3)`. A file that cannot be decoded is skipped: the next
    readable picture stands in its place, so that a seed gives the same pictures on every run; its name and the reason
    are kept in `unreadable`. Reading from several threads is safe.

    Args:
        names: the pictures' names, in order.
        read: function from a position to a uint8 RGB array.
        location: where the pictures come from, for messages.
        cache_bytes: decoded pictures are kept in memory up to this size.

    Raises:
        ValueError: when more than 1 % of the pictures proved unreadable; the message lists them.
    """

    def __init__(self, names: Sequence[str], read: Callable[[int], np.ndarray], location: str, cache_bytes: int = 0):
        self.names = list(names)
        self.location = location
        self.unreadable: dict[str, str] = {}
        self._read = read
        self._cache: dict[int, np.ndarray] = {}
        self._cache_left = cache_bytes
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> np.ndarray:
        if not -len(self) <= index < len(self):
            raise IndexError(f"`index` must be within the {len(self)} pictures. Received: index={index}")
        for position in range(index % len(self), index % len(self) + len(self)):
            picture = self._try(position % len(self))
            if picture is not None:
                return picture
        raise ValueError(self._report())

    def _try(self, index: int) -> np.ndarray | None:
        cached = self._cache.get(index)
        if cached is not None:
            return cached
        name = self.names[index]
        if name in self.unreadable:
            return None
        try:
            picture = self._read(index)
        except MemoryError:
            raise
        except Exception as error:  # decoders raise nearly every kind on damaged files
            with self._lock:
                self.unreadable[name] = f"{type(error).__name__}: {error}"
            if len(self.unreadable) > MAX_UNREADABLE * len(self):
                raise ValueError(self._report()) from error
            return None
        with self._lock:
            if index not in self._cache and picture.nbytes <= self._cache_left:
                self._cache_left -= picture.nbytes
                self._cache[index] = picture
        return picture

    def _report(self) -> str:
        listed = "".join(f"\n  {name}: {reason}" for name, reason in sorted(self.unreadable.items()))
        return (
            f"{len(self.unreadable)} of {len(self)} pictures in {self.location} are unreadable "
            f"(at most {MAX_UNREADABLE:.0%} may be):{listed}"
        )


def _is_picture(path: Path) -> bool:
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return path.suffix.lower() in SUFFIXES and not hidden


def _folder(root: Path, short_side: int | None) -> tuple[list[str], Callable[[int], np.ndarray]]:
    # os.walk does not enter linked folders, so circles of links cannot trap it.
    found = (Path(folder, name).relative_to(root) for folder, _, names in os.walk(root) for name in names)
    names = sorted(path.as_posix() for path in found if _is_picture(path))
    return names, lambda index: read_picture(root / names[index], short_side)


def _zip(path: Path, short_side: int | None) -> tuple[list[str], Callable[[int], np.ndarray]]:
    archive = zipfile.ZipFile(path)
    names = sorted(name for name in archive.namelist() if _is_picture(Path(name)))
    return names, lambda index: read_picture(io.BytesIO(archive.read(names[index])), short_side)


def _npz(path: Path, short_side: int | None) -> tuple[list[str], Callable[[int], np.ndarray]]:
    with np.load(path, allow_pickle=False) as arrays:
        if "images" not in arrays:
            raise ValueError(f"`source` must hold an array `images`. Received: {path} with {sorted(arrays)}")
        images = arrays["images"]
    if images.dtype != np.uint8 or images.ndim not in (3, 4) or (images.ndim == 4 and images.shape[3] not in (1, 3, 4)):
        raise ValueError(
            "`images` must be uint8 of shape (count, height, width) or (count, height, width, 1, 3 or 4). "
            f"Received: {images.dtype} of shape {images.shape} in {path}"
        )
    if images.shape[-1] == 1:
        images = images[..., 0]
    names = [f"{index:06d}" for index in range(len(images))]
    return names, lambda index: np.asarray(shrink(to_rgb(Image.fromarray(images[index])), short_side))


def open_images(source: str | Path, short_side: int | None = None, cache_bytes: int = 0) -> ImageSource:
    """Opens a set of pictures; files are decoded when they are asked for.

    Args:
        source: a folder (pictures at any depth, in sorted order), a `.zip` of such a folder, or an `.npz` file with a
            uint8 array `images` of shape `(count, height, width, channels)`.
        short_side: working size: larger pictures are reduced to this shorter side, in pixels.
        cache_bytes: keep decoded pictures in memory up to this many bytes.

    Returns:
        An `ImageSource`.

    Raises:
        ValueError: if `source` does not exist, is of no known kind, or holds no pictures.
    """
    path = Path(source)
    if not path.exists():
        raise ValueError(f"`source` must be an existing folder, zip or npz file. Received: {source}")
    if path.is_dir():
        names, read = _folder(path, short_side)
    elif zipfile.is_zipfile(path) and path.suffix.lower() != ".npz":
        names, read = _zip(path, short_side)
    elif path.suffix.lower() == ".npz":
        names, read = _npz(path, short_side)
    else:
        raise ValueError(f"`source` must be a folder, a zip or an npz file. Received: {source}")
    if not names:
        raise ValueError(f"`source` holds no pictures ({', '.join(sorted(SUFFIXES))}). Received: {source}")
    return ImageSource(names, read, str(source), cache_bytes)
