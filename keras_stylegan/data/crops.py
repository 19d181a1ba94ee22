"""Endless, seeded random crops of a set of pictures: a crop is a function of the seed and its position alone."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image

from keras_stylegan.data.arrays import ArraySource
from keras_stylegan.data.augmentation import Augmentation
from keras_stylegan.data.endless import EndlessBatches
from keras_stylegan.data.images import ImageSource
from keras_stylegan.data.order import ShuffledOrder, draws
from keras_stylegan.data.pictures import Window, cut_window, stack_floats

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
        check_scale(scale)
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

    def sources(self) -> list[ImageSource]:
        return [self.source]

    def cut(self, first: int) -> tuple[list[np.ndarray], list[int | None]]:
        """The crops of a batch at the positions from `first`, uint8 of shape `(height, width, 3)`, and their labels."""
        indices = self._order.indices(first, self.batch_size)
        numbers = draws(self.seed, self.stream, first, self.batch_size).tolist()
        crops = [RandomCrop(self.crop_size, self.scale, self.flip, row, self.resample) for row in numbers]
        windows, labels = self.source.take(indices, [crop.place for crop in crops])
        if self._whole:
            self._check_sizes(indices, crops)
        crops = [crop.finish(window) for crop, window in zip(crops, windows, strict=True)]
        if self.augmentation is not None:
            changes = (self.augmentation.at(first + k, self.seed, self.stream) for k in range(self.batch_size))
            crops = [change.apply(crop) for change, crop in zip(changes, crops, strict=True)]
        return crops, labels

    def _check_sizes(self, indices: np.ndarray, crops: Sequence[RandomCrop]) -> None:
        for index, crop in zip(indices, crops, strict=True):
            if crop.picture_size != self.crop_size:
                raise ValueError(
                    "without a `crop_size` all pictures must have one size, that of the first, "
                    f"{_size(self.crop_size)}. Received: {self.source.names[index]} of {_size(crop.picture_size)} "
                    f"in {self.source.location}"
                )


def check_scale(scale: tuple[float, float] | None, name: str = "scale") -> None:
    """ValueError, about the argument of that name, unless a window is at most the largest that fits."""
    if scale is not None and not 0 < scale[0] <= scale[1] <= 1:
        raise ValueError(f"`{name}` must be (low, high) with 0 < low <= high <= 1. Received: {name}={scale}")


class RandomCrop:
    """One random crop: which pixels of a picture it needs, and what it makes of them.

    Args:
        size: `(height, width)` of the crop, in pixels.
        scale: as in `Crops`.
        flip: whether to mirror when the last of `numbers` is below 1/2.
        numbers: four numbers in [0, 1) that decide the window's size, top and left, and the mirror.
        resample: as in `Crops`.

    Attributes:
        picture_size: `(height, width)` of the picture in which the crop was placed last.
    """

    def __init__(
        self,
        size: tuple[int, int],
        scale: tuple[float, float] | None,
        flip: bool,
        numbers: Sequence[float],
        resample: str = "bicubic",
    ):
        self.size = size
        self.scale = scale
        self.mirrored = flip and numbers[3] < 0.5
        self.numbers = numbers
        self.resample = resample
        self.picture_size: tuple[int, int] | None = None
        self._box: tuple[float, float, float, float] | None = None

    def place(self, height: int, width: int) -> Window:
        """The window `(top, left, bottom, right)` of whole pixels that the crop needs of a picture of that size."""
        self.picture_size = (height, width)
        rows, columns = self.size
        fitting = min(height / rows, width / columns)
        if self.scale is None:
            factor = min(1.0, fitting)
        else:
            factor = fitting * (self.scale[0] + (self.scale[1] - self.scale[0]) * self.numbers[0])
        if factor == 1:  # the pixels as they are: the window lies on whole ones
            self._box = None
            top, left = int(self.numbers[1] * (height - rows + 1)), int(self.numbers[2] * (width - columns + 1))
            return top, left, top + rows, left + columns
        upper, left_edge = self.numbers[1] * (height - factor * rows), self.numbers[2] * (width - factor * columns)
        top, left = int(upper), int(left_edge)
        bottom = min(height, math.ceil(upper + factor * rows))
        right = min(width, math.ceil(left_edge + factor * columns))
        self._box = (
            left_edge - left,
            upper - top,
            min(left_edge - left + factor * columns, right - left),
            min(upper - top + factor * rows, bottom - top),
        )
        return top, left, bottom, right

    def finish(self, window: np.ndarray) -> np.ndarray:
        """The crop, from the window that the last `place` asked for.

        Args:
            window: uint8 array of shape `(bottom - top, right - left, 3 * k)`: k pictures that are cropped alike.

        Returns:
            uint8 array of shape `(*size, 3 * k)`.
        """
        if self._box is not None:
            parts = np.split(window, window.shape[2] // 3, axis=2) if window.shape[2] > 3 else [window]
            parts = [self._resized(part) for part in parts]
            window = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=2)
        return mirror(window) if self.mirrored else window

    def _resized(self, part):
        image = Image.fromarray(np.ascontiguousarray(part))
        return np.asarray(image.resize(self.size[::-1], RESAMPLING[self.resample], self._box))


def random_crop(
    picture: np.ndarray,
    size: tuple[int, int],
    scale: tuple[float, float] | None,
    flip: bool,
    numbers: Sequence[float],
) -> np.ndarray:
    """One random crop of a picture at hand, a uint8 array of shape `(height, width, 3 * k)` (see `RandomCrop`)."""
    crop = RandomCrop(size, scale, flip, numbers)
    return crop.finish(cut_window(picture, crop.place(*picture.shape[:2])))


def mirror(picture: np.ndarray) -> np.ndarray:
    """A picture `(height, width, channels)` with left and right exchanged."""
    mirrored = np.empty_like(picture)
    for channel in range(picture.shape[2]):  # NumPy copies along a row four times as fast as pixel by pixel
        mirrored[..., channel] = picture[:, ::-1, channel]
    return mirrored


def _size(shape) -> str:
    return f"{shape[1]}x{shape[0]}"
