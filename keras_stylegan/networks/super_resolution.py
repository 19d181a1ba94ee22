"""A small network that adds to the bicubic enlargement what it lacks."""

import keras
from keras import layers, ops

from keras_stylegan.ops.bicubic import upsample_bicubic
from keras_stylegan.ops.padding import reflect_pad


@keras.saving.register_keras_serializable(package="keras_stylegan")
class SuperResolutionNetwork(keras.Model):
    """Residual blocks at the small size, then one step to the large one, added to the bicubic enlargement.

    No normalisation: a pixel depends on its surroundings of `reach` pixels alone, so a picture computed in overlapping
    tiles equals the whole one. The last kernel starts at 0: the untrained network is bicubic interpolation.

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
    figure 3; sub-pixel step: Shi et al. 2016 (arXiv 1609.05158). Deviation: one sub-pixel step to the full factor.
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
        return 3 + 2 * self.num_blocks

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
        return upsample_bicubic(images, self.factor) + ops.depth_to_space(detail, self.factor)

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
