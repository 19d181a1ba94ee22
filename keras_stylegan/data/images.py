"""Decoded pictures of a source, in order: what cannot be read is skipped, counted and named."""

from __future__ import annotations

import functools
import threading
from collections import Counter
from collections.abc import Callable, Container, Sequence
from pathlib import Path

import numpy as np

from keras_stylegan.data.decoding import Decoder, Place, decode_with_pillow
from keras_stylegan.data.pictures import cut_window, reason
from keras_stylegan.data.sources import Source, open_source, read_entry

MAX_UNREADABLE = 0.01
_ONE_OF = 8  # pictures, of which one may be unreadable whatever the share, unless that is 0


class ImageSource(Sequence):
    """A sequence of pictures that survives damaged files.

    `pictures[index]` is a uint8 array of shape `(height, width, 3)`. A picture that cannot be read is skipped: the next
    readable one stands in its place, so that a seed gives the same pictures on every run; its name and the reason are
    kept in `unreadable`. Reading from several threads is safe.

    Args:
        source: a `Source`, which reads without decoding.
        decode: function from a list of contents, and one of places (see `take`), to a list of uint8 RGB arrays, or an
            exception in an array's place.
        arrange: function of one decoded picture (of a tuple of them where the source reads tuples) that gives the array
            to return; a ValueError it raises makes the picture unreadable.
        max_unreadable: share of unreadable pictures above which reading stops; unless it is 0, one of 8 or more
            pictures may be unreadable all the same.
        cache_bytes: decoded pictures are kept in memory up to this size.
        min_side: pictures with a side shorter than this many pixels are unreadable.

    Raises:
        ValueError: when more pictures than `max_unreadable` allows proved unreadable; the message lists them.
    """

    def __init__(
        self,
        source: Source,
        decode: Decoder = decode_with_pillow,
        arrange: Callable | None = None,
        max_unreadable: float = MAX_UNREADABLE,
        cache_bytes: int = 0,
        min_side: int = 1,
    ):
        if min_side < 1:
            raise ValueError(f"`min_side` must be positive. Received: min_side={min_side}")
        if not 0 <= max_unreadable <= 1:
            raise ValueError(f"`max_unreadable` must be in [0, 1]. Received: max_unreadable={max_unreadable}")
        self.source = source
        self.names = source.names
        self.classes = source.classes
        self.location = source.location
        self.max_unreadable = max_unreadable
        self.min_side = min_side
        self.unreadable: dict[str, str] = dict(getattr(source, "unreadable", {}))
        self._decode = decode
        self._arrange = arrange
        self._cache: dict[int, tuple[np.ndarray, int | None]] = {}
        self._cache_left = cache_bytes
        self._sound: set[int] = set()
        self._lock = threading.Lock()
        self._check_share()

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> np.ndarray:
        if not -len(self) <= index < len(self):
            raise IndexError(f"`index` must be within the {len(self)} pictures. Received: index={index}")
        return self.take([index])[0][0]

    def take(
        self, indices: Sequence[int], places: Sequence[Place] | None = None
    ) -> tuple[list[np.ndarray], list[int | None]]:
        """Pictures and their labels (None without classes), decoded together.

        Args:
            indices: of the pictures.
            places: for each a function of the picture's height and width that gives the window
                `(top, left, bottom, right)` to return; by default pictures are returned whole. A file that was once
                decoded whole, and so proved sound, is from then on decoded only as far as its window needs.
        """
        current = [int(index) % len(self) for index in indices]
        taken: list[tuple[np.ndarray, int | None] | None] = [None] * len(current)
        pending = list(range(len(current)))
        for _ in range(len(self)):
            wanted = [(current[number], places[number] if places else None) for number in pending]
            for number, result in zip(pending, self._read(wanted), strict=True):
                taken[number] = result
            pending = [number for number in pending if taken[number] is None]
            if not pending:
                return [picture for picture, _ in taken], [label for _, label in taken]
            for number in pending:
                current[number] = (current[number] + 1) % len(self)
        raise ValueError(self._report())

    def _read(self, wanted: list[tuple[int, Place | None]]) -> list[tuple[np.ndarray, int | None] | None]:
        """For pairs of an index and a place what they hold, or None for what is unreadable."""
        results = {index: self._cache.get(index) for index, _ in wanted}
        contents, labels = {}, {}
        for index in [i for i, cached in results.items() if cached is None and self.names[i] not in self.unreadable]:
            try:
                contents[index], labels[index] = read_entry(self.source, index)
            except MemoryError:
                raise
            except Exception as error:  # files vanish, archives are damaged
                self._skip(index, error)
        windows = self._windows(wanted, contents)
        pictures = self._pictures(list(contents.values()), [windows.get(index) for index in contents])
        for index, picture in zip(contents, pictures, strict=True):
            if isinstance(picture, Exception):
                self._skip(index, picture)
                continue
            results[index] = (picture, labels[index])
            if index not in windows:
                self._sound.add(index)
                if picture.nbytes <= self._cache_left:
                    self._keep(index, results[index])
        return [
            result if result is None or place is None or index in windows else _cut(*result, place)
            for (index, place), result in ((pair, results[pair[0]]) for pair in wanted)
        ]

    def _windows(self, wanted: list[tuple[int, Place | None]], contents: Container[int]) -> dict[int, Place]:
        """Of the pictures to decode those of which a part is enough, with its place."""
        if self._arrange is not None or self._cache_left:
            return {}
        times = Counter(index for index, _ in wanted)
        return {
            index: place
            for index, place in wanted
            if place is not None and index in contents and index in self._sound and times[index] == 1
        }

    def _pictures(self, contents: list, places: list[Place | None]) -> list[np.ndarray | Exception]:
        groups = [content if isinstance(content, tuple) else (content,) for content in contents]
        spread = [place for group, place in zip(groups, places, strict=True) for _ in group]
        decoded = iter(self._decode([content for group in groups for content in group], spread))
        pictures = []
        for content, group, place in zip(contents, groups, places, strict=True):
            parts = tuple(next(decoded) for _ in group)
            failed = next((part for part in parts if isinstance(part, Exception)), None)
            try:
                if failed is None and place is None:
                    self._check_sides(parts)
                whole = parts if isinstance(content, tuple) else parts[0]
                pictures.append(failed or (self._arrange(whole) if self._arrange else whole))
            except ValueError as error:
                pictures.append(error)
        return pictures

    def _check_sides(self, pictures: Sequence[np.ndarray]) -> None:
        for height, width, _ in (picture.shape for picture in pictures):
            if min(height, width) < self.min_side:
                raise ValueError(f"smaller than {self.min_side} pixels (`min_side`): {width}x{height}")

    def _keep(self, index: int, result: tuple[np.ndarray, int | None]) -> None:
        with self._lock:
            if index not in self._cache and result[0].nbytes <= self._cache_left:
                self._cache_left -= result[0].nbytes
                self._cache[index] = result

    def _skip(self, index: int, error: Exception) -> None:
        with self._lock:
            self.unreadable[self.names[index]] = reason(error)
        self._check_share(error)

    def _check_share(self, error: Exception | None = None) -> None:
        if len(self.unreadable) > most_unreadable(self.max_unreadable, len(self)):
            raise ValueError(self._report()) from error

    def _report(self) -> str:
        with self._lock:
            return list_unreadable(self.unreadable, len(self), self.location, self.max_unreadable)


def most_unreadable(share: float, count: int) -> int:
    """How many of `count` pictures may be unreadable: that share of them, but unless it is 0 one of 8 or more."""
    return max(int(share * count), 1 if share and count >= _ONE_OF else 0)


def list_unreadable(unreadable: dict[str, str], count: int, location: str, allowed: float) -> str:
    """What stops reading: the unreadable pictures of a set, by name with the reason.

    Args:
        unreadable: names with reasons.
        count: int, pictures in the set.
        location: where they are.
        allowed: share that may be unreadable.
    """
    listed = "; ".join(f"{name}: {why}" for name, why in sorted(unreadable.items()))
    found = f"{len(unreadable)} of {count} pictures in {location} are unreadable"
    limit = f"{allowed:.0%}" if most_unreadable(allowed, count) <= allowed * count else "1"
    return f"{found} (at most {limit} may be): {listed}"


def _cut(picture: np.ndarray, label: int | None, place: Place) -> tuple[np.ndarray, int | None]:
    return cut_window(picture, place(*picture.shape[:2])), label


def open_images(
    source: str | Path | np.ndarray | Source, short_side: int | None = None, cache_bytes: int = 0
) -> ImageSource:
    """Opens a set of pictures; files are decoded, with Pillow, when they are asked for.

    Args:
        source: what `open_source` opens.
        short_side: working size: larger pictures are reduced to this shorter side, in pixels.
        cache_bytes: keep decoded pictures in memory up to this many bytes.

    Returns:
        An `ImageSource`.

    Raises:
        ValueError: as `open_source`.
    """
    decode = functools.partial(decode_with_pillow, short_side=short_side)
    return ImageSource(open_source(source), decode, cache_bytes=cache_bytes)
