"""Normalisation that gives what was put into a picture the statistics of what it was put into."""

import keras
from keras import ops

from keras_stylegan.ops.regions import paint_regions, region_moments


@keras.saving.register_keras_serializable(package="keras_stylegan")
class RegionNormalization(keras.layers.Layer):
    """Region-aware adaptive instance normalisation.

    Each region's channels get the mean and the spread of the background's, so that features of a picture put in look
    as if they were of the picture around it; then regions and background are scaled and shifted by learned numbers of
    their own. Where there is no background, the whole picture's statistics stand for it.

    Args:
        epsilon: float, added to variances: channels that hardly vary are not amplified.

    Call arguments:
        inputs: tensor of shape `(batch, height, width, channels)`.
        regions: tensor of shape `(batch, height, width, regions + 1)`, the background last (`ops.regions`), rows that
            sum to 1.

    Output shape:
        That of `inputs`.

    Source: Ling et al. 2021, "Region-aware Adaptive Instance Normalization for Image Harmonization" (arXiv 2106.02853),
    equations 3 to 5. Deviations: any number of regions, soft masks, and a background that keeps its statistics.
    """

    def __init__(self, epsilon=1e-2, **kwargs):
        super().__init__(**kwargs)
        if not epsilon > 0:
            raise ValueError(f"`epsilon` must be positive. Received: epsilon={epsilon}")
        self.epsilon = epsilon

    def build(self, inputs_shape, regions_shape=None):
        shape = (2, inputs_shape[-1])
        # One row for the regions, one for the background; float32, since they are applied to float32 statistics.
        self.scale = self.add_weight(name="scale", shape=shape, initializer="ones", autocast=False)
        self.shift = self.add_weight(name="shift", shape=shape, initializer="zeros", autocast=False)

    def call(self, inputs, regions):
        mean, variance = region_moments(inputs, regions)
        background_mean, background_variance = mean[:, -1:], variance[:, -1:]
        gain = ops.sqrt((background_variance + self.epsilon) / (variance + self.epsilon))
        scale, shift = ops.convert_to_tensor(self.scale), ops.convert_to_tensor(self.shift)
        count = regions.shape[-1] - 1
        scale, shift = (ops.concatenate([ops.tile(row[:1], (count, 1)), row[1:]]) for row in (scale, shift))
        factor = gain * scale[None]
        offset = background_mean * scale[None] - mean * factor + shift[None]
        maps = paint_regions(ops.concatenate([factor, offset], axis=-1), regions)
        factor, offset = ops.split(maps, 2, axis=-1)
        return ops.cast(ops.cast(inputs, "float32") * factor + offset, inputs.dtype)

    def compute_output_shape(self, inputs_shape, regions_shape=None):
        return inputs_shape

    def get_config(self):
        return {**super().get_config(), "epsilon": self.epsilon}
