"""Training batches of the multi-style system: photographs, and how each is to be painted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_stylegan.data.crops import Crops, random_crop
from keras_stylegan.data.edges import smooth_edges
from keras_stylegan.data.endless import EndlessBatches
from keras_stylegan.data.painted import PaintedPair
from keras_stylegan.data.pictures import stack_floats, to_float, to_uint8


class StyleBatches(EndlessBatches):
    """Endless batches of photographs and of how to paint them, float32:

    - `content`: `(batch, height, width, 3)`, crops of photographs in [-1, 1];
    - `style_weights`: `(batch, num_styles)`, rows that sum to 1: one style with probability 1 - `mix_probability`,
      otherwise a mixture of two different styles with weights (u, 1 - u), u uniform in [0, 1];
    - `strength`: `(batch,)`, 1 with probability 1 - `weak_probability`, otherwise uniform in [0, 1];
    - with `style_pictures` also `style_crops`, like `content`: a crop of the picture of one of the row's styles, drawn
      by their weights, of its pixels as they are (enlarged only where it is smaller than a crop): the strokes are those
      whose statistics the style terms ask for, and no critic can tell them by a blur; and `mix`, `(batch, 1, 1, 1)`,
      uniform in [0, 1]: where between real and painted pictures the gradient penalty is taken;
    - with `smoothed` styles also `smoothed_crops`, the same crops of paintings, those of these styles with smoothed
      edges (`keras_stylegan.data.edges`);
    - with `painted` pairs also `targets`, like `content`, and `has_target`, `(batch,)`: with probability
      `target_probability` a row is a crop of a pair's photograph in that pair's style at strength 1, and the target the
      same crop of the painted picture. Of the other rows the target is the photograph itself and `has_target` 0.

    Args:
        crops: `Crops` of photographs.
        num_styles: int, N.
        mix_probability: float in [0, 1].
        weak_probability: float in [0, 1].
        style_pictures: optional sequence of N float arrays `(height, width, 3)` in [-1, 1].
        seed: int.
        smoothed: numbers of styles; needs `style_pictures`.
        painted: optional sequence of `PaintedPair`.
        target_probability: float in [0, 1].
    """

    def __init__(
        self,
        crops: Crops,
        num_styles: int,
        mix_probability: float = 0.25,
        weak_probability: float = 0.25,
        style_pictures: Sequence[np.ndarray] | None = None,
        seed: int = 0,
        smoothed: Sequence[int] = (),
        painted: Sequence[PaintedPair] = (),
        target_probability: float = 0.25,
    ):
        if num_styles < 1:
            raise ValueError(f"`num_styles` must be positive. Received: num_styles={num_styles}")
        probabilities = {"mix": mix_probability, "weak": weak_probability, "target": target_probability}
        for name, value in ((f"{kind}_probability", value) for kind, value in probabilities.items()):
            if not 0 <= value <= 1:
                raise ValueError(f"`{name}` must be in [0, 1]. Received: {name}={value}")
        if mix_probability > 0 and num_styles < 2:
            raise ValueError(
                "`mix_probability` must be 0 when there is one style. "
                f"Received: mix_probability={mix_probability}, num_styles={num_styles}"
            )
        if style_pictures is not None and len(style_pictures) != num_styles:
            raise ValueError(
                f"`style_pictures` must hold {num_styles} pictures, one a style. Received: {len(style_pictures)}"
            )
        if smoothed and style_pictures is None:
            raise ValueError(f"`smoothed` needs `style_pictures`. Received: smoothed={smoothed}")
        super().__init__(crops.batch_size, seed, parts=(crops,))
        self.crops = crops
        self.num_styles = num_styles
        self.mix_probability = mix_probability
        self.weak_probability = weak_probability
        self.painted = painted
        self.target_probability = target_probability
        self._smoothed = bool(smoothed)
        self._style_pictures = None
        if style_pictures is not None:
            self._style_pictures = [to_uint8(picture) for picture in style_pictures]
        if smoothed:  # beside the picture, so that both are cropped alike
            self._style_pictures = [
                np.concatenate([picture, smooth_edges(picture) if style in smoothed else picture], axis=2)
                for style, picture in enumerate(self._style_pictures)
            ]

    def at(self, images_seen: int) -> dict[str, np.ndarray]:
        # Numbers of a batch, not of each picture: styles depend on the batch size, the photographs do not.
        rng = np.random.default_rng((self.seed, 2, images_seen // self.batch_size))
        batch = {"content": self.crops.at(images_seen), "style_weights": self._weights(rng)}
        weak = rng.random(self.batch_size) < self.weak_probability
        batch["strength"] = np.where(weak, rng.random(self.batch_size), 1.0).astype("float32")
        if self.painted:
            self._add_targets(batch, np.random.default_rng((self.seed, 4, images_seen // self.batch_size)))
        if self._style_pictures is not None:
            crops = self._style_crops(batch["style_weights"], rng)
            batch["style_crops"] = stack_floats([crop[..., :3] for crop in crops])
            batch["mix"] = rng.random((self.batch_size, 1, 1, 1), "float32")
            if self._smoothed:
                batch["smoothed_crops"] = stack_floats([crop[..., 3:] for crop in crops])
        return batch

    def _add_targets(self, batch, rng):
        """Makes some of the rows those of painted pairs."""
        batch["targets"] = batch["content"].copy()
        batch["has_target"] = (rng.random(self.batch_size) < self.target_probability).astype("float32")
        for row in np.flatnonzero(batch["has_target"]):
            pair = self.painted[rng.integers(len(self.painted))]
            cut = to_float(self._cut(pair.pictures, self.crops.scale, rng))
            batch["content"][row], batch["targets"][row] = cut[..., :3], cut[..., 3:]
            batch["style_weights"][row] = np.eye(self.num_styles)[pair.style]
            batch["strength"][row] = 1

    def _weights(self, rng):
        rows = np.zeros((self.batch_size, self.num_styles), "float32")
        for row in rows:
            first, share = rng.integers(self.num_styles), 1.0
            if rng.random() < self.mix_probability:
                share = rng.random()
                second = (first + rng.integers(1, self.num_styles)) % self.num_styles
                row[second] = 1 - share
            row[first] = share
        return rows

    def _style_crops(self, weights, rng):
        chosen = [rng.choice(self.num_styles, p=row / row.sum()) for row in weights.astype("float64")]
        return [self._cut(self._style_pictures[style], None, rng) for style in chosen]

    def _cut(self, picture, scale, rng):
        return random_crop(picture, self.crops.crop_size, scale, self.crops.flip, rng.random(4))
