"""Endless, seeded random crops of a set of pictures: a crop is a function of the seed and its position alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from keras_stylegan.data.arrays import ArraySource
from keras_stylegan.data.augmentation import Augmentation
from keras_stylegan.data.endless import EndlessBatches
from keras_stylegan.data.images import ImageSource
from keras_stylegan.data.order import ShuffledOrder, draws
from keras_stylegan.data.pictures import stack_floats

RESAMPLING = {
    "area": Image.Resampling.BOX,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


class Crops(EndlessBatches):
    """Batches of random crops, float32 in [-1, 1].

    Every picture is used once before any is used again. Because a crop depends on nothing but `seed` and its position,
    threads cannot change the order and a resumed run continues where it stopped.

    Args:
        source: `ImageSource`, or a sequence of uint8 arrays `(height, width, 3)`.
        crop_size: int or `(height, width)` of the crops, in pixels; None takes pictures whole, all of one size.
        batch_size: int, crops in a batch.
        scale: `(low, high)` with 0 < low <= high <= 1: each crop's window is the largest of its shape that fits into
            the picture, times a factor drawn uniformly from this range. None cuts crops out of the pixels as they are
            (a picture that is too small is enlarged).
        flip: whether to mirror half of the crops.
        seed: int >= 0.
        stream: int >= 0: another order and other crops of the same seed.
        resample: `area`, `bicubic` or `lanczos`.
        augmentation: what else may happen to a crop, or None.
    """

    def __init__(
        self,
        source: ImageSource | Sequence[np.ndarray],
        crop_size: int | tuple[int, int] | None,
        batch_size: int,
        scale: tuple[float, float] | None = (0.5, 1.0),
        flip: bool = True,
        seed: int = 0,
        stream: int = 0,
        resample: str = "bicubic",
        augmentation: Augmentation | None = None,
    ):
        if scale is not None and not 0 < scale[0] <= scale[1] <= 1:
            raise ValueError(f"`scale` must be (low, high) with 0 < low <= high <= 1. Received: scale={scale}")
        if resample not in RESAMPLING:
            raise ValueError(f"`resample` must be one of {', '.join(RESAMPLING)}. Received: resample={resample}")
        self.source = source if isinstance(source, ImageSource) else ImageSource(ArraySource(source), max_unreadable=0)
        self._whole = crop_size is None
        if self._whole:
            crop_size = self.source[0].shape[:2]
        height, width = (crop_size, crop_size) if isinstance(crop_size, int) else crop_size
        if min(height, width) < 1:
            raise ValueError(f"`crop_size` must be positive. Received: crop_size={crop_size}")
        super().__init__(batch_size, seed)
        self.crop_size = (height, width)
        self.scale = scale
        self.flip = flip
        self.stream = stream
        self.resample = resample
        self.augmentation = augmentation
        self._order = ShuffledOrder(len(self.source), seed, stream)

    def at(self, images_seen: int) -> np.ndarray:
        """The batch that follows after so many images, of shape `(batch_size, height, width, 3)`."""
        return stack_floats(self.cut(images_seen)[0])

    def cut(self, first: int) -> tuple[list[np.ndarray], list[int | None]]:
        """The crops of a batch at the positions from `first`, uint8 of shape `(height, width, 3)`, and their labels."""
        indices = self._order.indices(first, self.batch_size)
        pictures, labels = self.source.take(indices)
        if self._whole:
            self._check_sizes(indices, pictures)
        numbers = draws(self.seed, self.stream, first, self.batch_size)
        crops = [
            random_crop(picture, self.crop_size, self.scale, self.flip, row, self.resample)
            for picture, row in zip(pictures, numbers, strict=True)
        ]
        if self.augmentation is not None:
            changes = (self.augmentation.at(first + k, self.seed, self.stream) for k in range(self.batch_size))
            crops = [change.apply(crop) for change, crop in zip(changes, crops, strict=True)]
        return crops, labels

    def _check_sizes(self, indices: np.ndarray, pictures: list[np.ndarray]) -> None:
        for index, picture in zip(indices, pictures, strict=True):
            if picture.shape[:2] != self.crop_size:
                raise ValueError(
                    "without a `crop_size` all pictures must have one size, that of the first, "
                    f"{_size(self.crop_size)}. Received: {self.source.names[index]} of {_size(picture.shape)} "
                    f"in {self.source.location}"
                )


def random_crop(
    picture: np.ndarray,
    size: tuple[int, int],
    scale: tuple[float, float] | None,
    flip: bool,
    numbers: Sequence[float],
    resample: str = "bicubic",
) -> np.ndarray:
    """One random crop.

    Args:
        picture: uint8 array of shape `(height, width, 3 * k)`: k pictures that are cropped alike.
        size: `(height, width)` of the crop, in pixels.
        scale: as in `Crops`.
        flip: whether to mirror when the last of `numbers` is below 1/2.
        numbers: four numbers in [0, 1) that decide the window's size, top and left, and the mirror.
        resample: as in `Crops`.

    Returns:
        uint8 array of shape `(*size, 3 * k)`.
    """
    height, width = size
    fitting = min(picture.shape[0] / height, picture.shape[1] / width)
    if scale is None:
        factor = min(1.0, fitting)
    else:
        factor = fitting * (scale[0] + (scale[1] - scale[0]) * numbers[0])
    if factor == 1:  # the pixels as they are: the window lies on whole ones
        top = int(numbers[1] * (picture.shape[0] - height + 1))
        left = int(numbers[2] * (picture.shape[1] - width + 1))
        crop = picture[top : top + height, left : left + width]
    else:
        top = numbers[1] * (picture.shape[0] - factor * height)
        left = numbers[2] * (picture.shape[1] - factor * width)
        parts = np.split(picture, picture.shape[2] // 3, axis=2) if picture.shape[2] > 3 else [picture]
        parts = [_resized(part, size, factor, top, left, resample) for part in parts]
        crop = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=2)
    return mirror(crop) if flip and numbers[3] < 0.5 else crop


def mirror(picture: np.ndarray) -> np.ndarray:
    """A picture `(height, width, channels)` with left and right exchanged."""
    mirrored = np.empty_like(picture)
    for channel in range(picture.shape[2]):  # NumPy copies along a row four times as fast as pixel by pixel
        mirrored[..., channel] = picture[:, ::-1, channel]
    return mirrored


def _resized(picture, size, factor, top, left, resample):
    height, width = size
    # Cutting whole pixels first spares Pillow the conversion of the entire picture.
    y, x = int(top), int(left)
    window = picture[y : int(np.ceil(top + factor * height)), x : int(np.ceil(left + factor * width))]
    right, bottom = min(left - x + factor * width, window.shape[1]), min(top - y + factor * height, window.shape[0])
    image = Image.fromarray(np.ascontiguousarray(window))
    return np.asarray(image.resize((width, height), RESAMPLING[resample], (left - x, top - y, right, bottom)))


def _size(shape) -> str:
    return f"{shape[1]}x{shape[0]}"
