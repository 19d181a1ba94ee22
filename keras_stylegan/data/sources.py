"""Where pictures come from: a folder, a zip, an npz or npy file, shards of ours or a TFDS set, behind one protocol."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from keras_stylegan.choices import did_you_mean
from keras_stylegan.data.arrays import open_array, open_arrays
from keras_stylegan.data.folders import FolderSource, ZipSource, is_picture
from keras_stylegan.data.pictures import reason
from keras_stylegan.data.shards import FORMAT, INDEX, open_shards

TFDS_PREFIX = "tfds:"

# What `read` gives: a file's bytes or an array, or a tuple of them for pictures that belong together.
Content = bytes | np.ndarray | tuple


class Source(Protocol):
    """Pictures by number, in an order that is the same on every opening; nothing is decoded here.

    Attributes:
        location: where the pictures are, for messages.
        names: one name a picture, for messages and for pairing.
        classes: the names of the classes, or None where pictures have no labels.
        unreadable: what could not even be listed (folders without permission, links into the void), by name with the
            reason. Optional.
    """

    location: str
    names: Sequence[str]
    classes: tuple[str, ...] | None

    def __len__(self) -> int: ...

    def read(self, index: int) -> tuple[Content, int | None]:
        """Content and label of picture `index`: the bytes of a file, or uint8 of shape `(height, width)` or
        `(height, width, 1, 3 or 4)`. May raise any exception; must be safe to call from several threads."""
        ...


def read_entry(source: Source, index: int) -> tuple[Content, int | None]:
    """What `source.read(index)` gives, its label known to be of one of the classes.

    Raises:
        ValueError: if the label is of none of them; and whatever `read` raises.
    """
    content, label = source.read(index)
    if label is not None and source.classes is not None and not 0 <= label < len(source.classes):
        raise ValueError(f"label {label} is of none of the {len(source.classes)} classes")
    return content, label


class Subset:
    """Some pictures of a source, in the order given.

    Args:
        source: a `Source`.
        indices: positions in `source`.
        names: names by which the pictures are known here, by default those of `source`.
    """

    def __init__(self, source: Source, indices: Sequence[int], names: Sequence[str] | None = None):
        self.source = source
        self.indices = list(indices)
        self.location = source.location
        self.names = [source.names[index] for index in self.indices] if names is None else list(names)
        self.classes = source.classes
        self.unreadable = dict(getattr(source, "unreadable", {}))

    def __len__(self) -> int:
        return len(self.indices)

    def read(self, index: int) -> tuple[Content, int | None]:
        return self.source.read(self.indices[index])


class ClassSubset(Subset):
    """The pictures of some classes, numbered anew.

    Args:
        source: a `Source` with classes.
        classes: their names, in the order of the new labels.

    Raises:
        ValueError: if the source has no such class, or a name is given twice.
    """

    def __init__(self, source: Source, classes: Sequence[str]):
        found = source.classes or ()
        unknown = [name for name in classes if name not in found]
        if unknown or len(set(classes)) < len(classes) or not classes:
            none = "empty (`--set classes=` of a run): the pictures have no classes"
            choice = f"different names among {', '.join(found)}" if found else none
            hint = did_you_mean(unknown[0], found) if unknown else ""
            raise ValueError(f"`classes` must be {choice}. Received: {', '.join(classes)}{hint}")
        numbers = {found.index(name): number for number, name in enumerate(classes)}
        unreadable: dict[str, str] = {}
        labels = [_label(source, index, unreadable) for index in range(len(source))]
        chosen = [index for index, old in enumerate(labels) if old in numbers]
        super().__init__(source, chosen)
        self.unreadable |= unreadable
        self.classes = tuple(classes)
        self._labels = [numbers[labels[index]] for index in chosen]

    def label(self, index: int) -> int:
        return self._labels[index]

    def read(self, index: int) -> tuple[Content, int | None]:
        return super().read(index)[0], self._labels[index]


def _label(source: Source, index: int, unreadable: dict[str, str]) -> int | None:
    """The label of a picture; of one that cannot be read None, with the reason in `unreadable`."""
    if hasattr(source, "label"):  # folders know it by the name; others have to look
        return source.label(index)
    try:
        return source.read(index)[1]
    except MemoryError:
        raise
    except Exception as error:  # of damaged records, as for `ImageSource`
        unreadable[source.names[index]] = reason(error)
        return None


def open_source(source: str | Path | np.ndarray | Source, split: str = "train") -> Source:
    """Opens a set of pictures without decoding any.

    Args:
        source: one of

            - a folder: pictures at any depth, in sorted order, linked folders included; where every picture lies below
              a folder of the first level, those folders are the classes, unless there is a `dataset.json` with labels
              (`{"labels": [["00000/img00000000.png", 6], ...]}`, as StyleGAN3's tool writes it);
            - a `.zip` of such a folder;
            - an `.npz` file with a uint8 array `images` of shape `(count, height, width[, channels])` and, for labels,
              integers or one-hot rows `labels` and perhaps names `classes` (or with `x_train` and `y_train`, or an
              array without a name), or an `.npy` file of such images;
            - such an array itself, without labels;
            - a folder of shards written by `keras-stylegan pack`;
            - `tfds:NAME[/CONFIG][:VERSION][@SPLIT]`, or a folder that holds a prepared TFDS set;
            - a `Source`, returned as it is.
        split: the split of a TFDS set that names none.

    Returns:
        A `Source` of at least one picture.

    Raises:
        ValueError: if `source` does not exist, is of no known kind, is damaged, or holds no pictures.
    """
    if not isinstance(source, (str, Path, np.ndarray)):
        if not hasattr(source, "names"):
            raise ValueError(
                "`source` must be a path, uint8 pictures in one array, or a `Source` (pictures of several sizes: "
                f"`data.arrays.ArraySource`). Received: an object of type {type(source).__name__}"
            )
        return source
    opened = open_array(source) if isinstance(source, np.ndarray) else _open(source, split)
    if not len(opened):
        raise ValueError(f"`source` holds no pictures. Received: {opened.location}")
    return opened


def _open(source: str | Path, split: str) -> Source:
    text, path = str(source), Path(source)
    if text.startswith(TFDS_PREFIX):
        from keras_stylegan.data.tfds_records import open_tfds

        return open_tfds(text.removeprefix(TFDS_PREFIX), split)
    if not text or not path.exists():  # an empty text would be the working directory
        raise ValueError(f"`source` must be an existing folder, zip, npz or npy file, or tfds:NAME. Received: {source}")
    if path.is_dir():
        if _is_shards(path):
            return open_shards(path)
        if (path / "dataset_info.json").is_file() and (path / "features.json").is_file():
            from keras_stylegan.data.tfds_records import open_tfds

            return open_tfds(text, split)
        return FolderSource(path)
    if path.suffix.lower() in (".npz", ".npy"):
        return open_arrays(path)
    if path.suffix.lower() == ".zip" or zipfile.is_zipfile(path):
        return ZipSource(path)
    raise ValueError(f"`source` must be a folder, a zip, an npz or npy file, or tfds:NAME. Received: {source}")


def _is_shards(folder: Path) -> bool:
    index = folder / INDEX
    if not index.is_file():
        return False
    try:
        record = json.loads(index.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # somebody's index.json beside pictures, or a damaged one of ours
        return not any(is_picture(path) for path in folder.iterdir())
    return isinstance(record, dict) and record.get("format") == FORMAT
