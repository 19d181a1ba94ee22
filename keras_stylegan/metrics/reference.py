"""Features of a whole set of pictures, kept on disk by content so that a reference is extracted once."""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from keras_stylegan.data import ImageSource, Source, open_images
from keras_stylegan.metrics.feature_sets import FeatureSet
from keras_stylegan.metrics.resizing import crop_to_aspect

_BLOCK = 2**20  # bytes of a file read at a time


def cache_folder() -> Path:
    """Where features are kept: `$KERAS_STYLEGAN_CACHE`, or keras_stylegan in the user's cache folder."""
    user = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("KERAS_STYLEGAN_CACHE") or Path(user) / "keras_stylegan") / "features"


def content_hash(source: str | Path | np.ndarray | Source) -> str:
    """SHA-256 of a set of pictures: of a zip or npz file as it is, of other sources by their pictures' names and bytes.

    Raises:
        ValueError: as `open_images`.
    """
    opened, digest = open_images(source).source, hashlib.sha256()
    path = Path(source) if isinstance(source, (str, Path)) else None
    if path is not None and path.is_file():
        digest.update(f"\0{path.stat().st_size}\0".encode())
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
        return digest.hexdigest()
    for index, name in enumerate(opened.names):
        content = _content(opened, index)
        digest.update(f"{name}\0{len(content)}\0".encode("utf-8", "surrogateescape"))
        digest.update(content)
    return digest.hexdigest()


def _content(source: Source, index: int) -> bytes:
    """What a source holds of a picture; of one that cannot be read, which another stands for, the reason."""
    try:
        content, _ = source.read(index)
    except (OSError, ValueError) as error:
        return str(error).encode()
    return content if isinstance(content, bytes) else str(content.shape).encode() + content.tobytes()


def extract(
    source: ImageSource,
    extractor,
    max_features: int = 10_000,
    seed: int = 0,
    threads: int = 2,
    report: Callable[[int], None] = lambda done: None,
    aspect: tuple[int, int] | None = None,
) -> FeatureSet:
    """Extracts the features of every picture of a source that can be read, a batch in memory at a time.

    Args:
        source: `ImageSource`.
        extractor: `FeatureExtractor`.
        max_features, seed: of the `FeatureSet`.
        threads: that decode and resize.
        report: called with the pictures done, after each batch.
        aspect: width and height, whose ratio the middle of each picture is cut to first; None takes pictures whole.

    Warns:
        UserWarning: with the names of pictures that cannot be read, which are left out.
    """
    features = FeatureSet(max_features, seed)

    def prepare(index):
        picture = source[index]
        middle = picture if aspect is None else crop_to_aspect(picture, aspect)
        return extractor.prepare(middle), middle.shape != picture.shape

    with ThreadPoolExecutor(threads) as pool:
        for batch in _batches(len(source), extractor.batch_size):
            seen = list(pool.map(prepare, batch))
            # Where one could not be read, its neighbour stands, which is counted once.
            seen = [pair for i, pair in zip(batch, seen, strict=True) if source.names[i] not in source.unreadable]
            if seen:
                features.update(*extractor.extract([picture for picture, _ in seen]))
                features.cropped += sum(cropped for _, cropped in seen)
            report(batch.stop)
    features.unreadable = tuple(sorted(source.unreadable))
    _warn(features)
    return features


def _warn(features):
    if features.unreadable:
        names = ", ".join(features.unreadable)
        warnings.warn(f"Pictures that cannot be read are left out: {names}", stacklevel=3)


def _batches(count: int, size: int) -> Iterator[range]:
    for start in range(0, count, size):
        yield range(start, min(count, start + size))


def cached_features(
    source: str | Path | np.ndarray | Source,
    extractor,
    max_features: int = 10_000,
    seed: int = 0,
    folder: Path | None = None,
    report: Callable[[int], None] = lambda done: None,
    aspect: tuple[int, int] | None = None,
) -> tuple[FeatureSet, str]:
    """The features of a set of pictures, from disk where the same pictures went through the same extractor before.

    The file is named by the pictures' content, the extractor's weights, size and filter, and the arguments here, so
    neither a changed picture nor another filter meets the features of the one before.

    Args:
        source: what `open_source` opens.
        extractor: `FeatureExtractor`.
        max_features, seed: of the `FeatureSet`.
        folder: where features are kept; None keeps none.
        report, aspect: as of `extract`.

    Returns:
        The features, and the content hash of the pictures.

    Raises:
        ValueError: as `open_images`.
    """
    content = content_hash(source)
    if folder is None:
        return extract(open_images(source), extractor, max_features, seed, report=report, aspect=aspect), content
    settings = [content, extractor.protocol(), max_features, seed, aspect]
    key = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
    path = folder / f"{extractor.name}-{key[:32]}.npz"
    if path.is_file():
        try:
            known = FeatureSet.load(path)
        except Exception:  # numpy, zipfile and zlib each raise their own for a damaged file, which is made again
            path.unlink()
        else:
            _warn(known)
            return known, content
    features = extract(open_images(source), extractor, max_features, seed, report=report, aspect=aspect)
    folder.mkdir(parents=True, exist_ok=True)
    features.save(path)
    return features, content
