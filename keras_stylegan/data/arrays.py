"""Pictures that are arrays already: in memory, and in npz and npy files."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

MAX_CLASSES = 2**20  # more are measurements or damage, for which no names and no network would be made
_HOW = '`np.savez("pictures.npz", images=x, labels=y)`'


class ArraySource:
    """A `Source` of uint8 arrays.

    Args:
        arrays: sequence of uint8 arrays `(height, width)` or `(height, width, 1, 3 or 4)`.
        labels: one integer a picture, or None.
        classes: the names of the classes, needed with `labels`.
        location: where they come from, for messages.

    Attributes:
        empty_classes: those that no picture has.
    """

    def __init__(
        self,
        arrays: Sequence[np.ndarray],
        labels: Sequence[int] | None = None,
        classes: Sequence[str] | None = None,
        location: str = "memory",
    ):
        self.arrays = arrays
        self.labels = labels
        self.classes = None if classes is None else tuple(classes)
        self.location = location
        self.names = [f"{index:06d}" for index in range(len(arrays))]
        held = set(map(int, labels)) if labels is not None else set()
        self.empty_classes = [name for label, name in enumerate(self.classes or ()) if label not in held]

    def __len__(self) -> int:
        return len(self.arrays)

    def read(self, index: int) -> tuple[np.ndarray, int | None]:
        return self.arrays[index], None if self.labels is None else int(self.labels[index])


def open_arrays(path: Path) -> ArraySource:
    """The pictures of an npz or npy file, which is read into memory whole.

    Args:
        path: the file: of an npy file uint8 pictures of shape `(count, height, width)` or
            `(count, height, width, 1, 3 or 4)`; of an npz file the same as `images`, perhaps `labels`, integers of
            shape `(count,)` or `(count, 1)` or one-hot rows, and text `classes`, their names. Keras's `x_train` and
            `y_train` stand for images and labels, and so does a single array without a name for images.

    Raises:
        ValueError: if the file is damaged or holds something else.
    """
    arrays, held = _read(path)
    if "images" not in arrays:
        raise ValueError(f"`source` must hold an array `images`, as by {_HOW}. Received: {path} with {held}")
    images = arrays["images"]
    _check_images(images, "images", f" in {path}")
    if "labels" not in arrays:
        return ArraySource(images, location=str(path))
    labels = _numbers(arrays["labels"])
    if labels.shape != images.shape[:1] or labels.dtype.kind not in "iu" or (labels.size and labels.min() < 0):
        raise ValueError(
            f"`labels` must be {len(images)} integers from 0, one a picture, or as many one-hot rows, as by {_HOW}. "
            f"Received: {labels.dtype} of shape {labels.shape} in {path}"
        )
    count = int(labels.max()) + 1 if labels.size else 0
    if count > MAX_CLASSES:
        raise ValueError(f"`labels` must be below {MAX_CLASSES}. Received: {count - 1} in {path}")
    classes = [str(name) for name in arrays["classes"].ravel()] if "classes" in arrays else list(map(str, range(count)))
    if len(classes) < count:
        raise ValueError(f"`classes` must name all {count} labels. Received: {', '.join(classes)} in {path}")
    source = ArraySource(images, labels, classes, str(path))
    if "classes" not in arrays:  # numbers that are left out are no classes without pictures
        source.empty_classes = []
    return source


def open_array(images: np.ndarray) -> ArraySource:
    """The pictures of an array in memory; ValueError unless it is as `images` of `open_arrays`."""
    _check_images(images, "source")
    return ArraySource(images)


def _check_images(images: np.ndarray, name: str, where: str = "") -> None:
    how = f", as by {_HOW}" if where else ""
    known = images.ndim == 3 or (images.ndim == 4 and images.shape[3] in (1, 3, 4))
    if images.dtype != np.uint8 or not known or 0 in images.shape[1:]:
        raise ValueError(
            f"`{name}` must be uint8 of shape (count, height, width) or (count, height, width, 1, 3 or 4), not "
            f"empty{how}. Received: {images.dtype} of shape {images.shape}{where}"
        )


def _read(path: Path) -> tuple[dict[str, np.ndarray], list[str]]:
    """The arrays of a file as `images`, `labels` and `classes`, and the names of all that it holds."""
    kind = path.suffix.lower()[1:]
    if kind == "npz" and not zipfile.is_zipfile(path):  # NumPy would call anything else a pickle
        raise ValueError(f"`source` must be a whole npz file. Received: {path}")
    try:
        with open(path, "rb") as stream:
            file = np.load(stream, allow_pickle=False)
            if isinstance(file, np.ndarray):
                return {"images": file}, []
            with file:
                held = sorted(file)
                return {name: file[key] for name, key in _keys(held).items() if key in held}, held
    except PermissionError:
        raise
    except MemoryError as error:  # what a damaged or false header says of a size, or what is packed too well
        raise ValueError(f"`source` must fit into memory ({error}). Received: {path}") from error
    except Exception as error:  # damaged members and headers raise nearly any type
        raise ValueError(f"`source` must be a whole {kind} file without pickles ({error}). Received: {path}") from error


def _keys(held: Sequence[str]) -> dict[str, str]:
    """Under which of its names an npz file has what."""
    if "images" not in held and "x_train" in held:
        return {"images": "x_train", "labels": "y_train"}
    if held == ["arr_0"]:
        return {"images": "arr_0"}
    return {name: name for name in ("images", "labels", "classes")}


def _numbers(labels: np.ndarray) -> np.ndarray:
    """Labels as one number a picture, where they are a column or one-hot rows; otherwise as they are."""
    if labels.ndim != 2:
        return labels
    if labels.shape[1] == 1:
        return labels[:, 0]
    one_hot = labels.dtype.kind in "biuf" and np.isin(labels, (0, 1)).all() and (labels.sum(axis=1) == 1).all()
    return labels.argmax(axis=1) if one_hot else labels
