"""Training batches of the style predictor: photographs, each with a picture whose style it is to take on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_stylegan.colour_statistics import matching_transform
from keras_stylegan.data.crops import Crops, check_scale, random_crop
from keras_stylegan.data.endless import EndlessBatches
from keras_stylegan.data.pictures import stack_floats
from keras_stylegan.data.textures import procedural_texture

# Styles mixed in a painted picture, at most.
_MIXED = 3
# Of a picture whose colours are taken, every so many-th row and column.
_STEP = 2


class StylePictureBatches(EndlessBatches):
    """Endless batches of photographs and of pictures to paint them like, float32:

    - `content`: `(batch, height, width, 3)`, crops of photographs in [-1, 1];
    - `style_pictures`: like `content`: a crop of a painting, half of them in changed colours, a blend of two of these,
      a procedural texture, half of them in a painting's colours, or a photograph, by `shares`. Changed colours are
      those of another painting or of a photograph as often as chance's;
    - `style_weights`: `(batch, num_styles)`: one style where the picture is a crop of its painting in its own colours,
      zeros for all other pictures; in the first `num_painted` rows, where the model paints the picture itself, a
      mixture of up to three of the styles whose paintings are given, or of any where none is: a painting that is left
      out for a test is not seen in disguise.

    Args:
        crops: `Crops` of photographs.
        paintings: sequence of uint8 arrays `(height, width, 3)`.
        numbers: for each painting its style's number in the bank, or None if the bank does not have it.
        num_styles: int, styles of the bank.
        shares: weights of paintings, blends, textures and photographs, in this order.
        num_painted: int, at most the batch size.
        seed: int.
        style_scale: share (low, high) of the largest window that fits into a style picture; that of `crops` where None.

    Raises:
        ValueError: if an argument breaks its rule.
    """

    def __init__(
        self,
        crops: Crops,
        paintings: Sequence[np.ndarray],
        numbers: Sequence[int | None],
        num_styles: int,
        shares: Sequence[float] = (0.6, 0.1, 0.2, 0.1),
        num_painted: int = 0,
        seed: int = 0,
        style_scale: tuple[float, float] | None = None,
    ):
        if not paintings or len(paintings) != len(numbers):
            raise ValueError(
                "`paintings` must hold pictures, and `numbers` one number or None for each. "
                f"Received: {len(paintings)} and {len(numbers)}"
            )
        if len(shares) != 4 or min(shares) < 0 or not sum(shares) > 0:
            raise ValueError(f"`shares` must be four numbers, none negative and not all 0. Received: shares={shares}")
        if not 0 <= num_painted <= crops.batch_size:
            raise ValueError(
                f"`num_painted` must be from 0 to the batch size {crops.batch_size}. Received: {num_painted}"
            )
        check_scale(style_scale, "style_scale")
        super().__init__(crops.batch_size, seed, parts=(crops,))
        self.crops = crops
        self.paintings = paintings
        self.numbers = numbers
        self.num_styles = num_styles
        given = {number for number in numbers if number is not None}
        self.mixed = np.array(sorted(given) or range(num_styles))
        self.shares = np.cumsum(np.asarray(shares, "float64") / sum(shares))
        self.num_painted = num_painted
        self.style_scale = crops.scale if style_scale is None else style_scale

    def at(self, images_seen: int) -> dict[str, np.ndarray]:
        # Numbers of a batch, not of each picture: styles depend on the batch size, the photographs do not.
        rng = np.random.default_rng((self.seed, 3, images_seen // self.batch_size))
        weights = np.zeros((self.batch_size, self.num_styles), "float32")
        pictures = []
        for row, weight in enumerate(weights):
            picture, number = self._picture(rng)
            pictures.append(picture)
            if row < self.num_painted:
                styles = rng.choice(self.mixed, min(rng.integers(1, _MIXED + 1), len(self.mixed)), replace=False)
                weight[styles] = rng.dirichlet(np.ones(len(styles)))
            elif number is not None:
                weight[number] = 1
        return {
            "content": self.crops.at(images_seen),
            "style_pictures": stack_floats(pictures),
            "style_weights": weights,
        }

    def _picture(self, rng):
        """A style picture, and its style's number or None."""
        kind = int(np.searchsorted(self.shares, rng.random(), side="right"))
        if kind == 0:
            return self._painting(rng)
        if kind == 1:
            (one, _), (other, _) = self._painting(rng), self._painting(rng)
            share = rng.uniform(0.3, 0.7)
            return (share * one + (1 - share) * other).astype("uint8"), None
        if kind == 2:
            texture = procedural_texture(self.crops.crop_size, rng)
            return (texture if rng.random() < 0.5 else _in_colours_of(texture, self._any_painting(rng))), None
        return self._crop(self._photograph(rng), rng), None

    def _painting(self, rng):
        chosen = rng.integers(len(self.paintings))
        crop, number = self._crop(self.paintings[chosen], rng), self.numbers[chosen]
        kind = rng.random()
        if kind < 0.5:
            return crop, number
        if kind < 0.75:
            return _in_chance_colours(crop, rng), None
        return _in_colours_of(crop, self._any_painting(rng) if kind < 0.9 else self._photograph(rng)), None

    def _any_painting(self, rng):
        return self.paintings[rng.integers(len(self.paintings))]

    def _photograph(self, rng):
        source = self.crops.source
        return source[int(rng.integers(len(source)))]

    def _crop(self, picture, rng):
        return random_crop(picture, self.crops.crop_size, self.style_scale, self.crops.flip, rng.random(4))


def _in_colours_of(picture, other):
    """With the mean and covariance of another picture's colours."""
    pixels, reference = (p.reshape(-1, 3).astype("float32") / 255 for p in (picture, other[::_STEP, ::_STEP]))
    matrix, offset = matching_transform(pixels, reference)
    return np.clip((pixels @ matrix.T + offset).reshape(picture.shape) * 255, 0, 255).astype("uint8")


def _in_chance_colours(picture, rng):
    """Channels exchanged, contrast and brightness of each changed."""
    pixels = picture[..., rng.permutation(3)].astype("float32")
    pixels = (pixels - 127.5) * rng.uniform(0.5, 1.4, 3) + 127.5 + rng.uniform(-40, 40, 3)
    return np.clip(pixels, 0, 255).astype("uint8")
