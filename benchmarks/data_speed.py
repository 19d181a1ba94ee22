"""How fast training batches come, without a training step: folder, shards, and bare decoding, in turns.

    python benchmarks/data_speed.py --data FOLDER [--crop 128] [--rounds 5] [--memory-batches 10000]

FOLDER holds JPEG files. `bare` is `tf.io.read_file` and `decode_jpeg` in parallel and nothing else; `folder_pixels`
adds exact decoding, crop of the pixels as they are, flip and batch; `folder`, which is what training gets, floats in
four times the memory as well. Shards hold 64 x 64 pixels. All ratios are medians over rounds in which the contestants
take turns, by the clock and by the processor time that each image took, which other work on the machine disturbs less.
Bars on two cores: folder_pixels at least 0.9 of bare, shards at least 1.5 times the folder at 64 pixels and 2,000
images a second, no growth of memory over 10,000 batches.
"""

from __future__ import annotations

import argparse
import itertools
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image
from record import record

from keras_stylegan import data

BATCH = 64
SIZE = 64
SEEN = 2560  # images a round
BATCHES_AHEAD = 10  # more than any of the contestants prepares


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, metavar="FOLDER")
    parser.add_argument("--crop", type=int, default=128, help="pixels, at most the pictures' shorter side")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory-batches", type=int, default=10_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        small, shards = Path(temporary, "small"), Path(temporary, "shards")
        save_small(arguments.data, small)
        data.pack(small, shards)
        crop = {"size": arguments.crop, "scale": None, "batch_size": BATCH, "labels": False}
        whole = {"size": SIZE, "batch_size": BATCH, "labels": False}
        contestants = {
            "bare": bare(arguments.data),
            "folder_pixels": seen(pixels(data.open(arguments.data, engine="tensorflow", **crop))),
            "folder": seen(data.open(arguments.data, engine="tensorflow", **crop)),
            "folder_tf_data": seen(data.open(arguments.data, engine="tensorflow", **crop).dataset()),
            "folder_numpy": seen(data.open(arguments.data, engine="numpy", **crop)),
            "folder_64": seen(data.open(small, engine="tensorflow", **whole)),
            "shards_64": seen(data.open(shards, **whole)),
            "shards_64_tf_data": seen(data.open(shards, **whole).dataset()),
        }
        clock, processor = ({name: [] for name in contestants} for _ in range(2))
        for number in range(arguments.rounds + 1):
            for name, run in contestants.items():
                seconds, processor_seconds = run()
                if number:  # the first round warms caches and traces
                    clock[name].append(seconds)
                    processor[name].append(processor_seconds)

        def ratio(name, other):
            """How many times as fast as the other."""
            return {
                kind: round(statistics.median(b / a for a, b in zip(times[name], times[other], strict=True)), 2)
                for kind, times in (("clock", clock), ("processor", processor))
            }

        figures = {
            "images_per_second": {name: round(1 / statistics.median(times)) for name, times in clock.items()},
            "folder_pixels_of_bare": ratio("folder_pixels", "bare"),
            "folder_of_bare": ratio("folder", "bare"),
            "folder_tf_data_of_bare": ratio("folder_tf_data", "bare"),
            "folder_numpy_of_bare": ratio("folder_numpy", "bare"),
            "shards_of_folder_64": ratio("shards_64", "folder_64"),
            "shards_tf_data_of_folder_64": ratio("shards_64_tf_data", "folder_64"),
            "growth_megabytes": growth(data.open(shards, **{**whole, "batch_size": 8}), arguments.memory_batches),
            "memory_batches": arguments.memory_batches,
            "crop": arguments.crop,
        }
    record("data_speed", figures, ("tensorflow", "pillow", "numpy"))


def save_small(source: str, folder: Path) -> None:
    """The pictures at 64 x 64, as JPEG files of common quality."""
    folder.mkdir()
    for index, picture in enumerate(data.open_images(source)):
        image = Image.fromarray(picture).resize((SIZE, SIZE), Image.Resampling.LANCZOS)
        image.save(folder / f"{index:05d}.jpg", quality=92)


def bare(folder: str) -> Callable[[], tuple[float, float]]:
    """Reading and decoding alone, as fast as tf.data does it."""
    files = [str(path) for path in Path(folder).rglob("*.jpg")]

    def decode(path):
        return tf.size(tf.io.decode_jpeg(tf.io.read_file(path), channels=3))

    return seen(tf.data.Dataset.from_tensor_slices(files).repeat().map(decode, tf.data.AUTOTUNE).batch(BATCH))


def pixels(batches: data.Batches) -> Iterator[np.ndarray]:
    """Batches as they are before they become floats, prepared ahead as an iteration of `batches` prepares its own."""

    class Pixels:
        def __getitem__(self, index):
            return np.stack(batches.crops[0].cut(index * BATCH)[0])

    feed = data.Feed(Pixels(), threads=batches.threads, ahead=2 * batches.threads)
    return (feed[index] for index in itertools.count())


def seen(batches) -> Callable[[], tuple[float, float]]:
    """Batches with a step that does nothing: seconds and processor seconds an image."""
    iterator = iter(batches)

    def run():
        for _ in range(BATCHES_AHEAD):  # those prepared while the others had their turn
            next(iterator)
        begin, processor_begin = time.perf_counter(), time.process_time()
        for _ in range(SEEN // BATCH):
            next(iterator)
        count = SEEN // BATCH * BATCH
        return (time.perf_counter() - begin) / count, (time.process_time() - processor_begin) / count

    return run


def growth(batches, count: int) -> float:
    """Megabytes that the process grew by over `count` batches, the first tenth not counted."""
    sizes = []
    for index, _ in enumerate(itertools.islice(batches, count)):
        if index >= count // 10 and index % max(1, count // 100) == 0:
            sizes.append(resident_megabytes())
    half = len(sizes) // 2
    return round(float(np.median(sizes[half:]) - np.median(sizes[:half])), 1)


def resident_megabytes() -> float:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except OSError:  # not Linux: the peak, which grows with a leak too
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


if __name__ == "__main__":
    main()
