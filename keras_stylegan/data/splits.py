"""Folders `train/`, `val/` and `test/` side by side: the parts of a set, of which one is for training."""

from __future__ import annotations

from collections.abc import Iterable

from keras_stylegan.data.sources import Source, Subset

SPLITS = ("train", "val", "valid", "validation", "test")


def found_splits(names: Iterable[str]) -> list[str]:
    """Folders of the first level that part a set: `train` and at least one other; otherwise none."""
    folders = {folder for folder, separator, _ in (name.partition("/") for name in names) if separator}
    found = [split for split in SPLITS if split in folders]
    return found if "train" in found and len(found) > 1 else []


def of_split(source: Source, split: str = "train") -> Source:
    """The pictures of a split where a source has `train/` beside `test/` or `val/`, by their names below that folder;
    otherwise the source.

    Raises:
        ValueError: if the source has such folders, but none of that name.
    """
    found = found_splits(source.names)
    if found and split not in found:
        raise ValueError(f"`split` must be one of {', '.join(found)}. Received: split={split} of {source.location}")
    return below(source, f"{split}/") if found else source


def below(source: Source, folder: str) -> Subset:
    """The pictures below a folder, with `/` at its end, by their names there."""
    indices = [index for index, name in enumerate(source.names) if name.startswith(folder)]
    part = Subset(source, indices, [source.names[index].removeprefix(folder) for index in indices])
    part.location = f"{source.location}/{folder.removesuffix('/')}"
    return part
