"""A small network that adds to the bicubic enlargement what it lacks."""

import keras
from keras import layers, ops

from keras_stylegan.ops.bicubic import upsample_bicubic
from keras_stylegan.ops.padding import reflect_pad

# Pixels of the small picture, in each direction, over which a repeated pattern is a lattice.
NEIGHBOURHOOD = 5


@keras.saving.register_keras_serializable(package="keras_stylegan")
class SuperResolutionNetwork(keras.Model):
    """Residual blocks at the small size, then one step to the large one, added to the bicubic enlargement.

    No normalisation: a pixel depends on its surroundings of `reach` pixels alone, so a picture computed in overlapping
    tiles equals the whole one. The last kernel starts at 0: the untrained network is bicubic interpolation.

    One step to the large size makes it easy to paint the same pattern into every enlarged pixel: a lattice, which the
    strides of critics and of feature networks ask for and photographs do not have. So what repeats over a neighbourhood
    of 5x5 small pixels is taken out of the detail, all but its mean.

    Args:
        factor: int, from 2.
        filters: int, channels of the body.
        num_blocks: int, residual blocks.

    Call arguments:
        images: float tensor of shape `(batch, height, width, 3)`, RGB in [-1, 1], both sides at least 3.

    Returns:
        float32 tensor of shape `(batch, factor * height, factor * width, 3)`, not clipped.

    Raises:
        ValueError: if an argument breaks its rule.

    Source: Lim et al. 2017, "Enhanced Deep Residual Networks for Single Image Super-Resolution" (arXiv 1707.02921),
    figure 3; sub-pixel step: Shi et al. 2016 (arXiv 1609.05158). Deviations: one sub-pixel step to the full factor; no
    lattice, which Odena et al. 2016, "Deconvolution and Checkerboard Artifacts", describe.
    """

    def __init__(self, factor=4, filters=48, num_blocks=8, **kwargs):
        # Autocasting would round the pixels to bfloat16 before they are enlarged.
        super().__init__(autocast=False, **kwargs)
        if factor < 2:
            raise ValueError(f"`factor` must be at least 2. Received: factor={factor}")
        if min(filters, num_blocks) < 1:
            raise ValueError(
                f"`filters` and `num_blocks` must be positive. Received: filters={filters}, num_blocks={num_blocks}"
            )
        self.factor = factor
        self.filters = filters
        self.num_blocks = num_blocks
        policy = self.dtype_policy
        self.stem = layers.Conv2D(filters, 3, dtype=policy, name="stem")
        self.blocks = [
            (
                layers.Conv2D(
                    filters, 3, activation="relu", kernel_initializer="he_normal", dtype=policy, name=f"block_{i}_a"
                ),
                # Branches start small, so that an untrained stack does not grow with its depth.
                layers.Conv2D(
                    filters, 3, kernel_initializer=keras.initializers.VarianceScaling(0.1), dtype=policy,
                    name=f"block_{i}_b",
                ),
            )
            for i in range(num_blocks)
        ]  # fmt: skip
        self.body_end = layers.Conv2D(filters, 3, dtype=policy, name="body_end")
        self.head = layers.Conv2D(3 * factor**2, 3, kernel_initializer="zeros", dtype="float32", name="head")

    @property
    def reach(self):
        """Pixels of the small picture, in each direction, that decide a pixel of the large one."""
        return 3 + 2 * self.num_blocks + NEIGHBOURHOOD // 2

    def build(self, input_shape=None):
        self.stem.build((None, None, None, 3))
        for layer in (*(layer for block in self.blocks for layer in block), self.body_end, self.head):
            layer.build((None, None, None, self.filters))
        self.built = True

    def call(self, images):
        images = ops.cast(images, "float32")
        start = x = self._convolve(self.stem, ops.cast(images, self.compute_dtype))
        for first, second in self.blocks:
            x = x + self._convolve(second, self._convolve(first, x))
        x = self._convolve(self.body_end, x) + start
        detail = self._convolve(self.head, ops.cast(x, "float32"))
        return upsample_bicubic(images, self.factor) + ops.depth_to_space(self._without_lattice(detail), self.factor)

    def _without_lattice(self, detail):
        """The detail without what is in the same place of each enlarged pixel around, but with its mean over places."""
        repeated = ops.average_pool(reflect_pad(detail, NEIGHBOURHOOD // 2), NEIGHBOURHOOD, strides=1, padding="valid")
        places = self.factor**2
        mean = sum(ops.split(repeated, places, axis=-1)) / places
        return detail - repeated + ops.concatenate([mean] * places, axis=-1)

    @staticmethod
    def _convolve(layer, x):
        return layer(reflect_pad(x, 1))

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape
        return batch, *(None if n is None else self.factor * n for n in (height, width)), 3

    def get_config(self):
        return {
            **super().get_config(),
            "factor": self.factor,
            "filters": self.filters,
            "num_blocks": self.num_blocks,
        }
