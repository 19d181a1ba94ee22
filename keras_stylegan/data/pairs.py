"""Two domains A and B: pictures that belong together, or two sets side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from keras_stylegan.data.sizes import sample_sizes
from keras_stylegan.data.sources import TFDS_PREFIX, Source, open_source
from keras_stylegan.data.splits import below, of_split

_NAMED = 5  # files listed in a message


class PairedSource:
    """Pictures of two sources that have equal names, whatever their suffixes: `read` gives both.

    Args:
        a: a `Source`.
        b: another, with the same names.

    Raises:
        ValueError: if a name is in one source only, or twice in one.
    """

    def __init__(self, a: Source, b: Source):
        self.location = a.location if a.location == b.location else f"{a.location} and {b.location}"
        self.classes = None
        self.unreadable = {**getattr(a, "unreadable", {}), **getattr(b, "unreadable", {})}
        by_name = [_by_stem(source) for source in (a, b)]
        alone = sorted(by_name[0].keys() ^ by_name[1].keys())
        if alone:
            listed = ", ".join(alone[:_NAMED]) + (", ..." if len(alone) > _NAMED else "")
            raise ValueError(
                "paired pictures must have equal names in A and B. "
                f"Received: {len(alone)} without a partner in {self.location}: {listed}"
            )
        self.names = sorted(by_name[0])
        self._sources = (a, b)
        self._indices = [tuple(found[name] for found in by_name) for name in self.names]

    def __len__(self) -> int:
        return len(self.names)

    def read(self, index: int) -> tuple[tuple, None]:
        contents = [source.read(i)[0] for source, i in zip(self._sources, self._indices[index], strict=True)]
        return tuple(contents), None


def open_domains(source: str | Path | Sequence, split: str = "train") -> tuple[Source, Source] | None:
    """The domains A and B of a source.

    Args:
        source: two sources; or one: a folder or zip with pictures below `A/` and `B/`, or `trainA/` and `trainB/` (the
            split in front), or a TFDS set with the splits `trainA` and `trainB`. Of folders `train/` beside `test/` or
            `val/`, around `A/` and `B/` or in both, that of the split alone is taken.
        split: `train` or another.

    Returns:
        Two `Source`s, or None if there are no such two domains.

    Raises:
        ValueError: as `open_source` and `of_split`, or if one of the two folders is there without pictures, or not at
            all, or if two folders of other names hold pictures of equal names.
    """
    if isinstance(source, (tuple, list)):
        if len(source) != 2:
            raise ValueError(f"`source` must be one source or two, A and B. Received: {len(source)}")
        return tuple(of_split(open_source(domain, split), split) for domain in source)
    if isinstance(source, (str, Path)) and str(source).startswith(TFDS_PREFIX) and "@" not in str(source):
        return open_source(source, f"{split}A"), open_source(source, f"{split}B")
    whole = of_split(open_source(source, split), split)
    for first in ("A/", f"{split}A/", f"{split}/A/"):
        second = first.replace("A/", "B/")
        parts = [below(whole, folder) for folder in (first, second)]
        held = [len(part) for part in parts]
        if all(held):
            return tuple(of_split(part, split) for part in parts)
        if any(held):  # cutting what is there into halves instead would make pairs of nothing
            full, empty = (first, second) if held[0] else (second, first)
            raise ValueError(f"`source` must have pictures in {first} and {second}. "
                             f"Received: {whole.location} with {max(held)} in {full} and none in {empty}")  # fmt: skip
    if twins := _twins(whole):
        raise ValueError(
            "`source` must have pairs side by side, or in A/ and B/; or be two sources. "
            f"Received: {whole.location} with pictures of equal names in {twins[0]}/ and {twins[1]}/"
        )
    return None


def join_pair(pictures: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Two pictures of one size as one array `(height, width, 6)`, so that they are cropped and mirrored alike."""
    a, b = pictures
    if a.shape != b.shape:
        sizes = " and ".join(f"{picture.shape[1]}x{picture.shape[0]}" for picture in pictures)
        raise ValueError(f"the pictures of a pair must have one size. Received: {sizes}")
    return np.concatenate([a, b], axis=2)


def check_pairs(source: Source, at_most: int = 2000) -> None:
    """Looks at the sizes of pairs, without decoding them: a set that was put together wrongly is no case for skipping.

    Args:
        source: a `PairedSource`, or a source of pictures that hold both side by side.
        at_most: int, of more pairs so many are looked at, evenly spaced.

    Raises:
        ValueError: if the two pictures of a pair differ in size, or a picture of both has an odd width; the message
            names some. What cannot be read is left to `ImageSource`.
    """
    together, wrong = isinstance(source, PairedSource), []
    for index, sizes in sample_sizes(source, at_most):
        if (sizes[0] != sizes[1]) if together else sizes[0][1] % 2:
            wrong.append(f"{source.names[index]} ({' and '.join(f'{width}x{height}' for height, width in sizes)})")
    if wrong:
        rule = "the pictures of a pair must have one size" if together else "pairs side by side must have even widths"
        listed = ", ".join(wrong[:_NAMED]) + (f" and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else "")
        raise ValueError(f"{rule}. Received: {listed} in {source.location}")


def split_pair(picture: np.ndarray) -> np.ndarray:
    """The left (A) and right (B) half of a picture as one array `(height, width / 2, 6)`."""
    width = picture.shape[1]
    if width % 2:
        raise ValueError(f"a pair side by side must have an even width. Received: {width}x{picture.shape[0]}")
    return np.concatenate([picture[:, : width // 2], picture[:, width // 2 :]], axis=2)


def _twins(source: Source) -> tuple[str, str] | None:
    """Two folders that hold pictures of equal names, more than one: pairs, none of which lies side by side."""
    held: dict[str, set[str]] = {}
    for path in map(PurePosixPath, source.names):
        held.setdefault(path.parent.as_posix(), set()).add(path.stem)
    folders: dict[frozenset[str], str] = {}
    for folder, stems in held.items():
        first = folders.setdefault(frozenset(stems), folder)
        if first != folder and len(stems) > 1:
            return first, folder
    return None


def _by_stem(source: Source) -> dict[str, int]:
    found: dict[str, int] = {}
    for index, name in enumerate(source.names):
        stem = PurePosixPath(name).with_suffix("").as_posix()
        if stem in found:
            raise ValueError(
                f"paired pictures must have different names. Received: {source.names[found[stem]]} and {name} "
                f"in {source.location}"
            )
        found[stem] = index
    return found
