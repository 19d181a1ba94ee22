"""Good photographs made poor and small, as cameras, resizing and compression do: what super-resolution learns from."""

from __future__ import annotations

import dataclasses
import io

import numpy as np
from PIL import Image, ImageFilter

from keras_stylegan.data.crops import Crops
from keras_stylegan.data.endless import EndlessBatches
from keras_stylegan.data.pictures import stack_floats

# Keeps these numbers apart from those of crops, order and augmentation, where a generator is made from the same seed.
_STREAM = 4
_FILTERS = (Image.Resampling.BICUBIC, Image.Resampling.LANCZOS, Image.Resampling.BOX, Image.Resampling.BILINEAR)


@dataclasses.dataclass(frozen=True)
class Degradation:
    """Blur, then a smaller size, then noise, then JPEG, each by a random amount.

    A picture always takes the same count of random numbers, so the strength of one step does not alter the others.

    Args:
        factor: both sides are divided by it, in pixels.
        blur: standard deviation of the Gaussian at most, in pixels of the large picture.
        noise: standard deviation of the noise at most, in grey levels; grey in half of the pictures, coloured in half.
        quality: JPEG quality at least; uniform up to 95. 100 leaves compression out.
        clean: share of the pictures that are only made smaller, by the bicubic filter.

    Raises:
        ValueError: if an argument is out of its range.

    Source: Wang et al. 2021, "Real-ESRGAN" (arXiv 2107.10833), section 3.1: the classical model, first order.
    """

    factor: int = 4
    blur: float = 1.5
    noise: float = 4.0
    quality: int = 60
    clean: float = 0.25

    def __post_init__(self):
        if self.factor < 1:
            raise ValueError(f"`factor` must be at least 1. Received: factor={self.factor}")
        for name in ("blur", "noise"):
            if not 0 <= getattr(self, name) < np.inf:
                raise ValueError(f"`{name}` must be finite and at least 0. Received: {name}={getattr(self, name)}")
        if not 1 <= self.quality <= 100:
            raise ValueError(f"`quality` must be from 1 to 100. Received: quality={self.quality}")
        if not 0 <= self.clean <= 1:
            raise ValueError(f"`clean` must be from 0 to 1. Received: clean={self.clean}")

    def at(self, picture: np.ndarray, position: int, seed: int = 0) -> np.ndarray:
        """The small picture of the one at a position since the start of a run: a function of both and the seed.

        Args:
            picture: uint8 array of shape `(height, width, 3)`, the sides multiples of `factor`.
            position: int >= 0.
            seed: int >= 0.

        Returns:
            uint8 array of shape `(height / factor, width / factor, 3)`.
        """
        return self.apply(picture, np.random.default_rng((seed, _STREAM, position)))

    def apply(self, picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """As `at`, with the numbers of a generator."""
        height, width = picture.shape[:2]
        if height % self.factor or width % self.factor:
            raise ValueError(
                f"`picture` must have sides that are multiples of {self.factor}. Received: {width}x{height}"
            )
        size = (width // self.factor, height // self.factor)
        numbers = rng.random(6).tolist()  # Pillow wants plain floats
        image = Image.fromarray(picture)
        if numbers[0] < self.clean:
            return np.asarray(image.resize(size, Image.Resampling.BICUBIC))
        if self.blur:
            image = image.filter(ImageFilter.GaussianBlur(self.blur * numbers[1]))
        pixels = np.asarray(image.resize(size, _FILTERS[int(numbers[2] * len(_FILTERS))]), "float32")
        if self.noise:
            channels = 1 if numbers[3] < 0.5 else 3
            pixels = pixels + rng.normal(0.0, self.noise * numbers[4], (size[1], size[0], channels))
        pixels = np.clip(np.rint(pixels), 0, 255).astype("uint8")
        return pixels if self.quality == 100 else _through_jpeg(pixels, self.quality, numbers[5])


def _through_jpeg(pixels, lowest, number):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=round(lowest + (max(lowest, 95) - lowest) * number))
    return np.asarray(Image.open(file))


class DegradedBatches(EndlessBatches):
    """Endless batches of pictures and what they looked like poor and small, float32 in [-1, 1]:

    - `images`: `(batch, height, width, 3)`, crops of photographs;
    - `small`: `(batch, height / factor, width / factor, 3)`, the same degraded.

    Args:
        crops: `Crops` with sides that are multiples of the factor.
        degradation: `Degradation`.
    """

    def __init__(self, crops: Crops, degradation: Degradation):
        if any(side % degradation.factor for side in crops.crop_size):
            raise ValueError(
                f"`crops` must have sides that are multiples of {degradation.factor}. Received: {crops.crop_size}"
            )
        super().__init__(crops.batch_size, crops.seed, parts=(crops,))
        self.crops = crops
        self.degradation = degradation

    def at(self, images_seen: int) -> dict[str, np.ndarray]:
        pictures, _ = self.crops.cut(images_seen)
        small = [self.degradation.at(p, images_seen + i, self.seed) for i, p in enumerate(pictures)]
        return {"images": stack_floats(pictures), "small": stack_floats(small)}
