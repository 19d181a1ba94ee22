"""Training batches of generators of pictures: pictures, and their classes where the source has them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from keras_stylegan.data.crops import random_crop
from keras_stylegan.data.images import ImageSource, open_images
from keras_stylegan.data.pictures import to_float


def open_classes(
    source: str | Path, short_side: int | None = None, cache_bytes: int = 0
) -> tuple[ImageSource, list[str], np.ndarray]:
    """Opens pictures with their classes: the folders they lie in, or `labels` and `classes` of an npz file.

    Args:
        source: as for `open_images`.
        short_side: as for `open_images`.
        cache_bytes: as for `open_images`.

    Returns:
        `(pictures, names, labels)`: names of the classes, empty where there are none, and an integer for each picture.

    Raises:
        ValueError: as `open_images`; if only some pictures lie in class folders, or the labels do not fit the pictures.
    """
    pictures = open_images(source, short_side, cache_bytes)
    if Path(source).suffix.lower() == ".npz":
        with np.load(source, allow_pickle=False) as arrays:
            if "labels" not in arrays:
                return pictures, [], np.zeros(len(pictures), "int32")
            labels = arrays["labels"].astype("int32").reshape(-1)
            names = arrays["classes"].tolist() if "classes" in arrays else list(map(str, range(labels.max() + 1)))
        if len(labels) != len(pictures) or labels.min() < 0 or labels.max() >= len(names):
            raise ValueError(f"`labels` must be one of {len(names)} classes for each picture. Received: {source}")
        return pictures, names, labels
    folders = [name.rpartition("/")[0] for name in pictures.names]
    names = sorted(set(folders))
    if names == [""]:
        return pictures, [], np.zeros(len(pictures), "int32")
    if "" in names:
        raise ValueError(f"`source` must hold all its pictures in folders, or none. Received: {source}")
    return pictures, names if len(names) > 1 else [], np.asarray([names.index(f) for f in folders], "int32")


class ImageBatches:
    """Batch `i` is a dict, a function of the seed and `i` alone: `images`, float32 `(batch, height, width, channels)`
    in [-1, 1], and with `labels` also `labels`, int32 `(batch,)`.

    Every picture is used once before any is used again.

    Args:
        source: sequence of uint8 RGB arrays.
        size: `(height, width)` of the pictures of a batch: the largest window of that shape is cut and resized.
        batch_size: int.
        labels: optional sequence of class numbers, one for each picture.
        channels: 1 (luma), 3, or 4 (RGB under a full alpha).
        scale: `(low, high)`, the window is reduced by a factor drawn from this range.
        mirror_probability: float in [0, 1].
        seed: int.
    """

    def __init__(
        self,
        source: Sequence[np.ndarray],
        size: tuple[int, int],
        batch_size: int,
        labels: Sequence[int] | None = None,
        channels: int = 3,
        scale: tuple[float, float] = (1.0, 1.0),
        mirror_probability: float = 0.5,
        seed: int = 0,
    ):
        if channels not in (1, 3, 4):
            raise ValueError(f"`channels` must be 1, 3 or 4. Received: channels={channels}")
        if not 0 < scale[0] <= scale[1] <= 1:
            raise ValueError(f"`scale` must be (low, high) with 0 < low <= high <= 1. Received: scale={scale}")
        if not 0 <= mirror_probability <= 1:
            raise ValueError(
                f"`mirror_probability` must be in [0, 1]. Received: mirror_probability={mirror_probability}"
            )
        self.source = source
        self.size = tuple(size)
        self.batch_size = batch_size
        self.labels = None if labels is None else np.asarray(labels, "int32")
        self.channels = channels
        self.scale = tuple(scale)
        self.mirror_probability = mirror_probability
        self.seed = seed
        self._order: tuple[int, np.ndarray] = (-1, np.empty(0, "int64"))

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        if index < 0:  # an endless sequence has no last batch
            raise IndexError(f"`index` must not be negative. Received: index={index}")
        rng = np.random.default_rng((self.seed, 3, index))
        chosen = [self._position(index * self.batch_size + k) for k in range(self.batch_size)]
        batch = {"images": to_float(np.stack([self._picture(position, rng) for position in chosen]))}
        return batch if self.labels is None else {**batch, "labels": self.labels[chosen]}

    def __iter__(self) -> Iterator[dict[str, np.ndarray]]:
        index = 0
        while True:
            yield self[index]
            index += 1

    def _picture(self, position, rng):
        crop = random_crop(self.source[position], self.size, self.scale, False, rng)
        crop = crop[:, ::-1] if rng.random() < self.mirror_probability else crop
        if self.channels == 1:
            return np.asarray(Image.fromarray(np.ascontiguousarray(crop)).convert("L"))[..., None]
        return crop if self.channels == 3 else np.concatenate([crop, np.full_like(crop[..., :1], 255)], axis=-1)

    def _position(self, number: int) -> int:
        epoch, offset = divmod(number, len(self.source))
        cached_epoch, order = self._order
        if epoch != cached_epoch:
            order = np.random.default_rng((self.seed, 4, epoch)).permutation(len(self.source))
            self._order = (epoch, order)  # one assignment: threads see the old pair or the new
        return int(order[offset])
