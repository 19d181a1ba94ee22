"""Endless, seeded random crops of a set of pictures: batch `i` is a function of the seed and `i` alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image

from keras_stylegan.data.pictures import to_float


class Crops:
    """Batches of random crops, float32 in [-1, 1].

    Every picture is used once before any is used again. Because a batch depends on nothing but `seed` and its number,
    threads cannot change the order and a resumed run continues where it stopped.

    Args:
        source: sequence of uint8 arrays `(height, width, 3)`, such as `open_images` returns.
        crop_size: int or `(height, width)` of the crops, in pixels.
        batch_size: int, crops in a batch.
        scale: `(low, high)` with 0 < low <= high <= 1: each crop's window is the largest of its shape that fits into
            the picture, times a factor drawn uniformly from this range.
        flip: whether to mirror half of the crops.
        seed: int.
    """

    def __init__(
        self,
        source: Sequence[np.ndarray],
        crop_size: int | tuple[int, int],
        batch_size: int,
        scale: tuple[float, float] = (0.5, 1.0),
        flip: bool = True,
        seed: int = 0,
    ):
        height, width = (crop_size, crop_size) if isinstance(crop_size, int) else crop_size
        if min(height, width) < 1:
            raise ValueError(f"`crop_size` must be positive. Received: crop_size={crop_size}")
        if batch_size < 1:
            raise ValueError(f"`batch_size` must be positive. Received: batch_size={batch_size}")
        low, high = scale
        if not 0 < low <= high <= 1:
            raise ValueError(f"`scale` must be (low, high) with 0 < low <= high <= 1. Received: scale={scale}")
        self.source = source
        self.crop_size = (height, width)
        self.batch_size = batch_size
        self.scale = (low, high)
        self.flip = flip
        self.seed = seed
        self._order: tuple[int, np.ndarray] = (-1, np.empty(0, "int64"))

    def __getitem__(self, index: int) -> np.ndarray:
        """Batch `index` (0, 1, ...), of shape `(batch_size, height, width, 3)`."""
        if index < 0:  # an endless sequence has no last batch
            raise IndexError(f"`index` must not be negative. Received: index={index}")
        rng = np.random.default_rng((self.seed, 0, index))
        first = index * self.batch_size
        pictures = [self._picture(first + k) for k in range(self.batch_size)]
        return to_float(np.stack([random_crop(p, self.crop_size, self.scale, self.flip, rng) for p in pictures]))

    def __iter__(self) -> Iterator[np.ndarray]:
        index = 0
        while True:
            yield self[index]
            index += 1

    def _picture(self, position: int) -> np.ndarray:
        epoch, offset = divmod(position, len(self.source))
        cached_epoch, order = self._order
        if epoch != cached_epoch:
            order = np.random.default_rng((self.seed, 1, epoch)).permutation(len(self.source))
            self._order = (epoch, order)  # one assignment: threads see the old pair or the new
        return self.source[int(order[offset])]


def random_crop(
    picture: np.ndarray, size: tuple[int, int], scale: tuple[float, float], flip: bool, rng: np.random.Generator
) -> np.ndarray:
    """One random crop.

    Args:
        picture: uint8 array of shape `(height, width, 3)`.
        size: `(height, width)` of the crop, in pixels.
        scale: as in `Crops`.
        flip: whether to mirror with probability 1/2.
        rng: the source of randomness; three numbers are drawn for the window and one for the mirror.

    Returns:
        uint8 array of shape `(*size, 3)`.
    """
    height, width = size
    factor = min(picture.shape[0] / height, picture.shape[1] / width) * rng.uniform(*scale)
    window_height, window_width = factor * height, factor * width
    top = rng.uniform(0, picture.shape[0] - window_height)
    left = rng.uniform(0, picture.shape[1] - window_width)
    mirror = rng.random() < 0.5
    # Cutting whole pixels first spares Pillow the conversion of the entire picture.
    y, x = int(top), int(left)
    window = picture[y : int(np.ceil(top + window_height)), x : int(np.ceil(left + window_width))]
    right, bottom = min(left - x + window_width, window.shape[1]), min(top - y + window_height, window.shape[0])
    image = Image.fromarray(np.ascontiguousarray(window))
    crop = np.asarray(image.resize((width, height), Image.Resampling.BICUBIC, (left - x, top - y, right, bottom)))
    return crop[:, ::-1] if flip and mirror else crop
