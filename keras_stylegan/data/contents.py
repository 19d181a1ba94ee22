"""The pictures of a source as they are there, not decoded: what `pack` copies and `check-data` looks into."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from keras_stylegan.data.images import open_images
from keras_stylegan.data.pictures import read_picture, shrink
from keras_stylegan.data.shards import is_shards, open_shards


class Contents:
    """A folder, a zip or an npz file as a source of contents.

    Args:
        source: as for `open_images`.

    Attributes:
        names: the pictures' names, in sorted order.
        classes: the outermost folders, if every picture is in one, otherwise None.

    Raises:
        ValueError: as `open_images`.
    """

    def __init__(self, source: str | Path):
        self._images = open_images(source)
        self._path = Path(source)
        self._archive = zipfile.ZipFile(source) if zipfile.is_zipfile(source) else None
        self.location = str(source)
        self.names = self._images.names
        parts = [name.split("/", 1) for name in self.names]
        self.classes = tuple(sorted({part[0] for part in parts})) if all(len(part) == 2 for part in parts) else None

    def __len__(self) -> int:
        return len(self.names)

    def read(self, index: int) -> tuple[bytes | np.ndarray, int | None]:
        """A file's bytes or a uint8 array, and the number of the class or None; safe to call from threads."""
        name = self.names[index]
        label = None if self.classes is None else self.classes.index(name.split("/", 1)[0])
        if self._path.is_dir():
            return (self._path / name).read_bytes(), label
        if self._path.suffix.lower() == ".npz":
            return self._images[index], label
        return self._archive.read(name), label


def open_contents(source):
    """Opens a folder, a zip, an npz file or a folder of shards as a source of contents; errors as `open_images`."""
    return open_shards(source) if is_shards(source) else Contents(source)


def decode(content: bytes | np.ndarray, short_side: int | None = None) -> np.ndarray:
    """The uint8 RGB pixels `(height, width, 3)` of a content, larger ones reduced to a shorter side."""
    if isinstance(content, bytes):
        return read_picture(io.BytesIO(content), short_side)
    return np.asarray(shrink(Image.fromarray(content).convert("RGB"), short_side))


def png(picture: np.ndarray) -> bytes:
    """A uint8 picture `(height, width, 3)` as a PNG file."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()
