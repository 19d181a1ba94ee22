"""Packs a source of pictures into shards, so that it can be stopped at any moment and continued."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from keras_stylegan.data.contents import decode, png
from keras_stylegan.data.examples import encode_example
from keras_stylegan.data.images import MAX_UNREADABLE, list_unreadable, most_unreadable
from keras_stylegan.data.pictures import reason
from keras_stylegan.data.records import write_record
from keras_stylegan.data.shards import FORMAT, INDEX, VERSION, checksum, is_whole, read_index
from keras_stylegan.data.sources import Source, open_source, read_entry
from keras_stylegan.data.statistics import Statistics
from keras_stylegan.files import whole_file

STORES = ("pixels", "bytes")


def pack(
    source: str | Path | Source,
    out: str | Path,
    store: str = "pixels",
    size: tuple[int, int] | None = None,
    short_side: int | None = None,
    shard_images: int = 1000,
    report: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Packs pictures into shards.

    The pictures are put into a fixed random order, so that every shard is a sample of the whole. A shard and then
    the index are each written whole or not at all: after a kill the same call goes on behind the last whole shard,
    and the result is that of an undisturbed call, byte for byte. Unreadable pictures, and folders that could not be
    listed, are left out and named in the index.

    Args:
        source: what `open_source` opens.
        out: the folder for the shards; made where it is missing.
        store: `"pixels"` is fastest to read; `"bytes"` keeps the encoded files, or lossless PNG files of the reduced
            pictures if a size is given.
        size: `(height, width)` in pixels: the largest central window of this shape, brought to this size by Lanczos.
            None keeps the shape.
        short_side: reduce larger pictures to this shorter side, in pixels, uncropped.
        shard_images: int, pictures in a shard.
        report: called with the pictures done and in total, after each shard.

    Returns:
        The index: settings, `count`, `classes`, `shards` with their SHA-256, `skipped` with reasons, and `statistics`.

    Raises:
        ValueError: if an argument breaks its rule, `out` holds shards of another source or other settings, or more
            than 1 % of the pictures (but one of 8 or more) are unreadable.
    """
    _check_arguments(store, size, short_side, shard_images)
    out = Path(out)
    if isinstance(source, str | Path) and out.is_dir() and Path(source).is_dir() and out.samefile(source):
        raise ValueError(f"`out` must not be the folder of the pictures: it would be read as shards. Received: {out}")
    contents = open_source(source)
    names, classes = contents.names, contents.classes
    digest = hashlib.sha256("\n".join(names).encode("utf-8", "surrogateescape")).hexdigest()
    index = {
        "format": FORMAT,
        "version": VERSION,
        "complete": False,
        "settings": {
            "store": store,
            "size": None if size is None else list(size),
            "short_side": short_side,
            "shard_images": shard_images,
        },
        "source": {"pictures": len(names), "names_sha256": digest},
        "classes": None if classes is None else list(classes),
        "unlisted": dict(sorted(getattr(contents, "unreadable", {}).items())),
        "shards": [],
    }
    _check_skipped(index, contents.location)
    index["shards"] = _earlier_shards(out, index)
    out.mkdir(parents=True, exist_ok=True)
    order = np.random.default_rng(0).permutation(len(names))
    starts = range(0, len(names), shard_images)

    def record(position: int) -> tuple[str, Any]:
        name = names[position]
        try:
            content, label = read_entry(contents, position)
            features, picture = _features(content, store, size, short_side)
        except MemoryError:
            raise
        except Exception as error:  # decoders raise nearly every kind on damaged files
            return name, reason(error)
        features["name"] = name.encode("utf-8", "surrogateescape")
        if label is not None:
            features["label"] = label
        return name, (encode_example(features), picture, label)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for number in range(len(index["shards"]), len(starts)):
            positions = order[starts[number] : starts[number] + shard_images].tolist()
            # A few at a time: the pool would otherwise decode the whole shard ahead of the disk.
            parts = (positions[first : first + 64] for first in range(0, len(positions), 64))
            records = (result for part in parts for result in pool.map(record, part))
            index["shards"].append(_write_shard(out / f"shard-{number:05d}-of-{len(starts):05d}.tfrecord", records))
            _check_skipped(index, contents.location)
            index["complete"] = number + 1 == len(starts)
            _write_index(out, index)
            if report is not None:
                report(min(starts[number] + shard_images, len(names)), len(names))
    return read_index(out)


def _write_shard(path: Path, records: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Writes one shard of `(name, (example, picture, label))`, or `(name, reason)` for what is left out, whole and
    flushed to disk; returns its entry in the index."""
    statistics, packed, skipped = Statistics(), [], {}
    with whole_file(path, durable=True) as partial, partial.open("wb") as file:
        for name, result in records:
            if isinstance(result, str):
                skipped[name] = result
                continue
            example, picture, label = result
            write_record(file, example)
            statistics.add(picture, label)
            packed.append(name)
    entry = {"file": path.name, "bytes": path.stat().st_size, "sha256": checksum(path)}
    return {**entry, "sums": statistics.sums, "skipped": skipped, "names": packed}


def _features(content, store, size, short_side):
    picture = decode(content, short_side)
    if size is not None:
        fitted = ImageOps.fit(Image.fromarray(picture), size[::-1], Image.Resampling.LANCZOS)
        picture = np.asarray(fitted)
    if store == "pixels":
        image = picture.tobytes()
    else:
        kept = isinstance(content, bytes) and size is None and short_side is None
        image = content if kept else png(picture)
    return {"image": image, "height": picture.shape[0], "width": picture.shape[1]}, picture


def _earlier_shards(out: Path, index: dict[str, Any]) -> list[dict[str, Any]]:
    """The shards of an earlier call that are whole, up to the first that is not."""
    if not (out / INDEX).exists():
        return []
    earlier = read_index(out)
    different = [key for key in ("settings", "source", "classes") if earlier[key] != index[key]]
    if different:
        raise ValueError(
            f"`out` already holds shards with other {', '.join(different)}: give another folder. Received: {out}"
        )
    whole = []
    for entry in earlier["shards"]:
        if not is_whole(out, entry):
            break
        whole.append(entry)
    return whole


def _skipped(index: dict[str, Any]) -> dict[str, str]:
    """What was left out, by name with the reason: pictures, and what could not be listed in the source."""
    return index["unlisted"] | {name: why for entry in index["shards"] for name, why in entry["skipped"].items()}


def _check_skipped(index: dict[str, Any], location: str) -> None:
    skipped, count = _skipped(index), index["source"]["pictures"]
    if len(skipped) > most_unreadable(MAX_UNREADABLE, count):
        raise ValueError(list_unreadable(skipped, count, location, MAX_UNREADABLE))


def _write_index(out: Path, index: dict[str, Any]) -> None:
    statistics = Statistics.of([entry["sums"] for entry in index["shards"]])
    summary = {"count": statistics.sums["count"], "skipped": _skipped(index)}
    summary["statistics"] = statistics.summary(index["classes"] or [])
    with whole_file(out / INDEX) as partial:
        partial.write_text(json.dumps({**index, **summary}, indent=1) + "\n", "utf-8")


def _check_arguments(store, size, short_side, shard_images):
    if store not in STORES:
        raise ValueError(f"`store` must be one of {', '.join(STORES)}. Received: store={store!r}")
    if size is not None and min(size) < 1:
        raise ValueError(f"`size` must be positive. Received: size={size}")
    if short_side is not None and short_side < 1:
        raise ValueError(f"`short_side` must be positive. Received: short_side={short_side}")
    if size is not None and short_side is not None:
        raise ValueError(f"`size` and `short_side` exclude each other. Received: size={size}, short_side={short_side}")
    if shard_images < 1:
        raise ValueError(f"`shard_images` must be positive. Received: shard_images={shard_images}")
