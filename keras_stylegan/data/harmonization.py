"""Training batches of the fusion system: photographs with regions that do not belong, and the photographs as truth."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from keras_stylegan.data.crops import Crops
from keras_stylegan.data.endless import EndlessBatches
from keras_stylegan.data.pictures import stack_floats
from keras_stylegan.data.shifts import SHIFTS, apply_shifts

# Keeps the random numbers apart from those of crops, order and augmentation.
_STREAM = 5
# Of the picture: below, statistics of a region say little, and above, those of the background.
LEAST_SHARE, GREATEST_SHARE = 0.04, 0.7


class HarmonizationPairs(EndlessBatches):
    """Endless batches of pictures, float32, some of whose regions do not belong:

    - `target`: `(batch, height, width, 3)`, crops of photographs in [-1, 1], the truth;
    - `source`: the same crops with every region, and a pixel around it, changed by shift families of its own;
    - `masks`: `(batch, height, width, num_regions)` in [0, 1], one region with probability 1 - `many_probability`, else
      all of them, not overlapping; a region that is not there is 0 everywhere.

    A region is changed by one family, or by two with probability `twice_probability`; with `unchanged_probability` it
    stays as it is, so that a network learns to leave alone what belongs.

    Args:
        crops: `Crops` of photographs.
        shifts: dict from family (key of `SHIFTS`) to its weight among the draws.
        num_regions: int, channels of `masks`.
        many_probability, twice_probability, unchanged_probability: floats in [0, 1].
        seed: int.

    Raises:
        ValueError: if an argument breaks its rule.

    Source: the making of pairs: Tsai et al. 2017, "Deep Image Harmonization" (arXiv 1703.00069), section 3.1.
    """

    def __init__(
        self,
        crops: Crops,
        shifts: Mapping[str, float],
        num_regions: int = 2,
        many_probability: float = 0.25,
        twice_probability: float = 0.3,
        unchanged_probability: float = 0.05,
        seed: int = 0,
    ):
        unknown = sorted(set(shifts) - set(SHIFTS))
        if unknown or not shifts or sum(shifts.values()) <= 0:
            raise ValueError(
                f"`shifts` must weigh families among {', '.join(SHIFTS)}, not all by 0. Received: {dict(shifts)}"
            )
        if num_regions < 1:
            raise ValueError(f"`num_regions` must be positive. Received: num_regions={num_regions}")
        for name, value in (
            ("many_probability", many_probability),
            ("twice_probability", twice_probability),
            ("unchanged_probability", unchanged_probability),
        ):
            if not 0 <= value <= 1:
                raise ValueError(f"`{name}` must be in [0, 1]. Received: {name}={value}")
        super().__init__(crops.batch_size, seed, parts=(crops,))
        self.crops = crops
        self.shifts = dict(shifts)
        self.num_regions = num_regions
        self.many_probability = many_probability
        self.twice_probability = twice_probability
        self.unchanged_probability = unchanged_probability

    def at(self, images_seen: int) -> dict[str, np.ndarray]:
        pictures = self.crops.cut(images_seen)[0]
        pairs = [
            self._pair(picture, np.random.default_rng((self.seed, _STREAM, images_seen + place)))
            for place, picture in enumerate(pictures)
        ]
        return {
            "source": stack_floats([source for source, _ in pairs]),
            "target": stack_floats(pictures),
            "masks": np.stack([masks for _, masks in pairs]),
        }

    def _pair(self, picture, rng):
        from scipy import ndimage

        source, masks = picture, np.zeros((*picture.shape[:2], self.num_regions), "float32")
        count = self.num_regions if rng.random() < self.many_probability else 1
        left = np.ones(picture.shape[:2], "float32")
        for region in range(count):
            mask = np.minimum(draw_region(picture.shape[:2], rng), left)
            # The pixel around an edge is the source's too, unless another region has it.
            around = ndimage.binary_dilation(mask > 0, np.ones((3, 3))) & ~masks.any(axis=-1)
            left = left - mask
            masks[..., region] = mask
            changed = apply_shifts(picture, self._families(rng), rng)
            source = np.where(((mask > 0) | around)[..., None], changed, source)
        return source, masks

    def _families(self, rng):
        if rng.random() < self.unchanged_probability:
            return ()
        names = list(self.shifts)
        weights = np.array([self.shifts[name] for name in names])
        count = 2 if rng.random() < self.twice_probability else 1
        return tuple(rng.choice(names, count, p=weights / weights.sum()))


def draw_region(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A random region: a lobed outline about a point, a band or a half, with an edge that is soft over a few pixels.

    Args:
        size: `(height, width)` in pixels.
        rng: random numbers.

    Returns:
        Float32 array of that shape in [0, 1], which covers from 4 to 70 percent of the picture.
    """
    height, width = size
    rows, columns = np.mgrid[:height, :width].astype("float32")
    while True:
        # Signed distance-like functions, positive inside, in shares of the shorter side.
        y = (rows - rng.uniform(0.1, 0.9) * height) / min(size)
        x = (columns - rng.uniform(0.1, 0.9) * width) / min(size)
        kind = rng.random()
        if kind < 0.75:
            angle = np.arctan2(y, x)
            radius = rng.uniform(0.2, 0.55) * np.ones_like(angle)
            for order in range(1, 6):
                radius *= 1 + rng.uniform(0, 0.3) / order * np.cos(order * angle + rng.uniform(0, 2 * np.pi))
            inside = radius - np.hypot(y, x)
        else:
            turn = rng.uniform(0, 2 * np.pi)
            across = np.cos(turn) * x + np.sin(turn) * y
            inside = across if kind < 0.9 else rng.uniform(0.1, 0.3) - np.abs(across)
        softness = rng.uniform(0.5, 2.5) / min(size)
        mask = np.clip(0.5 + inside / (2 * softness), 0, 1).astype("float32")
        if LEAST_SHARE <= mask.mean() <= GREATEST_SHARE:
            return mask
