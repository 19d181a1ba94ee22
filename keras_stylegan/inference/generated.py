"""Pictures of a generator where a set of pictures is asked for."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np

from keras_stylegan import pretrained
from keras_stylegan.inference.generator import FILE, SCENE_FILE, PictureGenerator

_AT_ONCE = 32  # pictures in memory


class GeneratedPictures:
    """A `keras_stylegan.data.Source` of the pictures of seeds 0, 1, ..., made when they are read.

    Args:
        generator: whose classes take turns, without truncation.
        count: pictures.
        location: what messages and records call the generator.
    """

    classes = None

    def __init__(self, generator: PictureGenerator, count: int, location: str):
        self.generator = generator
        self.location = f"{location}, seeds 0 to {count - 1}"
        self.names = [f"seed{seed:04d}" for seed in range(count)]
        self._made: tuple[int, np.ndarray | None] = (-1, None)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self.names)

    def read(self, index: int) -> tuple[np.ndarray, None]:
        """The uint8 picture `(height, width, channels)` of the seed `index`, and no label."""
        part, place = divmod(index, _AT_ONCE)
        with self._lock:
            if self._made[0] != part:
                seeds = range(part * _AT_ONCE, min(len(self), (part + 1) * _AT_ONCE))
                self._made = part, self.generator.generate(seeds)
            return self._made[1][place], None


def names_generator(source: str | Path) -> bool:
    """Whether `open_generator` would be meant, not a set of pictures: by a run, a network's file, a packaged name."""
    path = Path(source)
    if path.exists():
        return path.suffix in (".keras", ".tflite") or any((path / name).is_file() for name in (FILE, SCENE_FILE))
    return str(source) in pretrained.generators()
