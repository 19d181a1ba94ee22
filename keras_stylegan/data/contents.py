"""The encoded files of a source of pictures, as they are: what `pack` copies and `check-data` looks into."""

from __future__ import annotations

import contextlib
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from keras_stylegan.data.images import open_images
from keras_stylegan.data.shards import is_shards, open_shards


def open_contents(source: str | Path) -> tuple[list[str], Callable[[int], bytes]]:
    """Lists the pictures of a folder, a zip, an npz file or shards, and gives access to their files.

    Args:
        source: as for `open_images`, or a folder of shards.

    Returns:
        `(names, read)`: the names in sorted order, and a function, safe to call from threads, from a position to the
        file's bytes. A picture that is kept as pixels is given as a PNG file.

    Raises:
        ValueError: as `open_images`.
    """
    if is_shards(source):
        return _shards(source)
    images = open_images(source)
    names, path = images.names, Path(source)
    if path.is_dir():
        return names, lambda index: (path / names[index]).read_bytes()
    if path.suffix.lower() == ".npz":
        return names, lambda index: png(images[index])
    archive = zipfile.ZipFile(path)
    return names, lambda index: archive.read(names[index])


def _shards(folder: str | Path) -> tuple[list[str], Callable[[int], bytes]]:
    shards = open_shards(folder)
    names = list(shards.names)
    for index in range(len(names)):
        # A damaged record keeps the name of its place; reading it again will say what is wrong.
        with contextlib.suppress(ValueError):
            names[index] = shards.record(index)["name"].decode("utf-8", "surrogateescape")
    stores_pixels = shards.index["settings"]["store"] == "pixels"

    def read(index: int) -> bytes:
        record = shards.record(index)
        if not stores_pixels:
            return record["image"]
        return png(np.frombuffer(record["image"], "uint8").reshape(record["height"], record["width"], 3))

    return names, read


def png(picture: np.ndarray) -> bytes:
    """A uint8 picture `(height, width, 3)` as a PNG file."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


def class_names(names: list[str]) -> list[str]:
    """The classes of a source: the outermost folders, if every picture is in one, otherwise none."""
    parts = [name.split("/", 1) for name in names]
    return sorted({part[0] for part in parts}) if all(len(part) == 2 for part in parts) else []
