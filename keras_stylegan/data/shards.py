"""Shards: pictures packed into a few TFRecord files, read with NumPy and Pillow or natively by tf.data.

A folder of shards holds `index.json` and the files it lists. A record is a `tf.train.Example` with `image` (bytes:
pixels, row by row, RGB, or an encoded file), `height`, `width`, `name` and, where the source has labels, `label`.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from keras_stylegan.data.examples import decode_example
from keras_stylegan.data.pictures import read_picture
from keras_stylegan.data.records import RECORD_START, read_record, record_offsets

FORMAT = "keras_stylegan_shards"
VERSION = 1
INDEX = "index.json"
# What an index must hold: it may be somebody else's, or damaged.
_TEXTS = (list, type(None))
_INDEX = {"complete": bool, "settings": dict, "source": dict, "classes": _TEXTS, "shards": list, "statistics": dict}
_SETTINGS = {"store": str, "size": (list, type(None))}
_SHARD = {"file": str, "bytes": int, "sha256": str, "sums": dict, "skipped": dict, "names": list}


def read_index(folder: str | Path) -> dict[str, Any]:
    """Reads the index of a folder of shards.

    Raises:
        FileNotFoundError: if there is none.
        ValueError: if `index.json` is not an index of shards as `pack` writes it, or of a later version.
    """
    path = Path(folder) / INDEX
    try:
        index = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not an index of shards: {error}") from error
    if not isinstance(index, dict) or index.get("format") != FORMAT:
        raise ValueError(f"{path} is not an index of shards: its `format` must be {FORMAT!r}")
    _check_kinds(index, {"version": int}, path)
    if index["version"] > VERSION:
        raise ValueError(f"`version` must be at most {VERSION}. Received: version={index['version']} in {path}")
    _check_kinds(index, _INDEX, path)
    _check_kinds(index["settings"], _SETTINGS, path)
    for entry in index["shards"]:
        _check_kinds(entry, _SHARD, path)
        if Path(entry["file"]).name != entry["file"]:
            raise ValueError(f"{path} must name files of its folder. Received: {entry['file']}")
    names = [*(index["classes"] or ()), *(name for entry in index["shards"] for name in entry["names"])]
    if not all(isinstance(name, str) for name in names):
        raise ValueError(f"{path} is not an index of shards: a name is no text")
    return index


def _check_kinds(record: Any, kinds: dict[str, type | tuple[type, ...]], path: Path) -> None:
    for name, kind in kinds.items():
        if not isinstance(record, dict) or name not in record or not isinstance(record[name], kind):
            raise ValueError(f"{path} is not an index of shards: its `{name}` is missing or of another kind")


def damaged_shards(folder: str | Path) -> list[str]:
    """Names of the shards that are missing or whose SHA-256 is not that of the index."""
    return [entry["file"] for entry in read_index(folder)["shards"] if not is_whole(Path(folder), entry)]


def is_whole(folder: Path, entry: dict[str, Any]) -> bool:
    """Whether a shard listed in an index is there, byte for byte."""
    path = folder / entry["file"]
    return path.is_file() and path.stat().st_size == entry["bytes"] and checksum(path) == entry["sha256"]


def checksum(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class ShardSource:
    """The pictures of a folder of shards, encoded as they are there: a source as `keras_stylegan.data` defines it.

    The first reading of a record verifies its checksum and notes where the picture lies; later ones read just that.
    Reading from several threads is safe.

    Args:
        folder: the folder that `pack` wrote.

    Attributes:
        location: the folder.
        names: the pictures' names in the source that was packed, in the order of the shards.
        classes: the names of the classes, None without labels.
        empty_classes: those of which no picture was packed.
        index: the content of `index.json`.

    Raises:
        ValueError: if the shards are incomplete, or a file is not what the index says.
    """

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        self.location = str(folder)
        self.index = read_index(folder)
        self.classes = None if self.index["classes"] is None else tuple(self.index["classes"])
        if not self.index["complete"]:
            raise ValueError(f"the shards in {folder} are incomplete: run the same `keras-stylegan pack` again")
        counts = self.index["statistics"].get("per_class", {})
        self.empty_classes = [name for name in self.classes or () if not counts.get(name)]
        self.names = [name for entry in self.index["shards"] for name in entry["names"]]
        self._stores_pixels = self.index["settings"]["store"] == "pixels"
        self._places: list[tuple[str, int]] = []
        for entry in self.index["shards"]:
            path = self.folder / entry["file"]
            offsets = record_offsets(path)
            size = path.stat().st_size
            if (size, len(offsets)) != (entry["bytes"], len(entry["names"])):
                raise ValueError(
                    f"{path} must have {entry['bytes']} bytes and {len(entry['names'])} records, as {INDEX} says. "
                    f"Received: {size} bytes, {len(offsets)} records"
                )
            self._places += [(str(path), offset) for offset in offsets]
        # Of each picture: first byte, bytes, height, width, label. All 0 until the record has been read.
        self._layout = np.zeros((len(self.names), 5), "int64")

    def __len__(self) -> int:
        return len(self.names)

    def read(self, index: int) -> tuple[bytes | np.ndarray, int | None]:
        """Content and label of one picture: an encoded file, or a uint8 array `(height, width, 3)` where the shards
        store pixels; the label is None without classes.

        Raises:
            ValueError: if the record is damaged.
        """
        path, offset = self._places[index]
        first, length, height, width, label = self._layout[index].tolist()
        if length:
            descriptor = os.open(path, os.O_RDONLY)
            try:
                content = os.pread(descriptor, length, first)
            finally:
                os.close(descriptor)
            if len(content) < length:
                raise ValueError("truncated record")
        else:
            with open(path, "rb") as stream:
                stream.seek(offset)
                record = read_record(stream)
            if record is None:  # the file has become shorter
                raise ValueError("truncated record")
            example = decode_example(record)
            content, height, width = example["image"], example["height"], example["width"]
            label = example.get("label", -1)
            first = offset + RECORD_START + record.index(content)
            self._layout[index] = first, len(content), height, width, label
        label = None if label < 0 else label
        if self._stores_pixels:
            return np.frombuffer(content, "uint8").reshape(height, width, 3), label
        return content, label


def open_shards(folder: str | Path) -> ShardSource:
    """Opens a folder of shards; errors as `ShardSource`."""
    return ShardSource(folder)


def shard_dataset(folder: str | Path, batch_size: int | None = None) -> Any:
    """The shards as tf.data reads them by itself: once, in the order of the index.

    Args:
        folder: the folder that `pack` wrote.
        batch_size: int, for shards of pixels of one size: records are then parsed a batch at a time, which is several
            times faster than one by one. The last batch may be smaller.

    Returns:
        `tf.data.Dataset` of dicts: `image`, uint8 `(height, width, 3)`, or `(batch, height, width, 3)` with
        `batch_size`, and `label`, int64, -1 without classes. Encoded files are decoded by Pillow, so that the pixels
        are those of every other source.

    Raises:
        ValueError: if `batch_size` is given and the pictures are not pixels of one size.
    """
    import tensorflow as tf

    index = read_index(folder)
    files = [str(Path(folder) / entry["file"]) for entry in index["shards"]]
    records = tf.data.TFRecordDataset(files, buffer_size=1 << 22)
    spec = {name: tf.io.FixedLenFeature([], tf.int64, -1) for name in ("height", "width", "label")}
    spec["image"] = tf.io.FixedLenFeature([], tf.string)
    size = index["settings"]["size"]
    stores_pixels = index["settings"]["store"] == "pixels"
    if batch_size is not None and (size is None or not stores_pixels):
        raise ValueError(f"`batch_size` needs shards packed with pixels and a `size`. Received: {index['settings']}")

    def decode_batch(serialized):
        features = tf.io.parse_example(serialized, spec)
        pixels = tf.reshape(tf.io.decode_raw(features["image"], tf.uint8), (-1, *size, 3))
        return {"image": pixels, "label": features["label"]}

    def decode_one(serialized):
        features = tf.io.parse_single_example(serialized, spec)
        if stores_pixels:
            shape = tf.stack([features["height"], features["width"], 3])
            image = tf.reshape(tf.io.decode_raw(features["image"], tf.uint8), shape)
        else:
            image = tf.numpy_function(lambda file: read_picture(io.BytesIO(file)), [features["image"]], tf.uint8)
        return {"image": tf.ensure_shape(image, (*(size or (None, None)), 3)), "label": features["label"]}

    if batch_size is None:
        return records.map(decode_one, tf.data.AUTOTUNE)
    return records.batch(batch_size).map(decode_batch, tf.data.AUTOTUNE)
