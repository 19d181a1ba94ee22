"""The fusion critic: is this a photograph, and does the region belong to it?"""

import keras
from keras import layers, ops

from keras_stylegan.networks.stages import check_sizes
from keras_stylegan.networks.texture_critic import SLOPE, halving_convolutions
from keras_stylegan.ops.regions import coverage, region_moments


@keras.saving.register_keras_serializable(package="keras_stylegan")
class FusionCritic(keras.Model):
    """Scores of a picture with a region in it: of every patch of the whole, and of the region against the background.

    The body is that of `TextureCritic`, which also sees where the region is. The region is scored by the inner product
    of its mean features, embedded, with the background's: high where both are of one light.

    Args:
        filters: int, channels of the first convolutions; doubled with every halving.
        num_halvings: int.

    Call arguments:
        images: tensor of shape `(batch, height, width, 3)`, RGB in [-1, 1], both sides at least `2 ** num_halvings`.
        masks: tensor of shape `(batch, height, width, regions)` in [0, 1]; all regions are judged as one.

    Returns:
        Two float32 tensors: logits of the patches, `(batch, height / 2^num_halvings, width / 2^num_halvings)`, sides
        rounded up, and of the region, `(batch,)`.

    Raises:
        ValueError: if an argument is not positive.

    Source: the region's score: Cong et al. 2020, "DoveNet" (arXiv 1911.13239), section 4.2 (domain verification).
    Deviation: no spectral norm, under which the critic did not learn to tell what the generator makes from photographs;
    R1 keeps it in bounds (`Fusion`).
    """

    def __init__(self, filters=24, num_halvings=3, **kwargs):
        super().__init__(**kwargs)
        check_sizes(filters=filters, num_halvings=num_halvings)
        self.filters = filters
        self.num_halvings = num_halvings
        self.convolutions = halving_convolutions(filters, num_halvings)
        channels = filters * 2 ** (num_halvings - 1)
        self.patches = layers.Dense(1, dtype="float32", name="patches")
        self.of_region = layers.Dense(channels, dtype="float32", name="of_region")
        self.of_background = layers.Dense(channels, dtype="float32", name="of_background")

    def build(self, images_shape=None, masks_shape=None):
        channels = 4  # the colours, and where the regions are
        for convolution in self.convolutions:
            convolution.build((None, None, None, channels))
            channels = convolution.filters
        for layer in (self.patches, self.of_region, self.of_background):
            layer.build((None, None, channels))
        self.built = True

    def call(self, images, masks):
        covered = coverage(masks)
        x = ops.concatenate([ops.cast(images, "float32"), covered], axis=-1)
        x = ops.cast(x, self.compute_dtype)
        for convolution in self.convolutions:
            x = ops.leaky_relu(convolution(x), SLOPE)
        for _ in range(self.num_halvings):
            covered = ops.average_pool(covered, 2, strides=2, padding="same")
        x = ops.cast(x, "float32")
        means, _ = region_moments(x, ops.concatenate([covered, 1.0 - covered], axis=-1))
        agreement = self.of_region(means[:, 0]) * self.of_background(means[:, 1])
        # As in attention: a product of vectors of independent numbers then does not grow with their length.
        return self.patches(x)[..., 0], ops.sum(agreement, axis=-1) / agreement.shape[-1] ** 0.5

    def compute_output_shape(self, images_shape, masks_shape=None):
        batch, *sides = images_shape[:3]
        for _ in range(self.num_halvings):
            sides = [None if side is None else -(-side // 2) for side in sides]
        return (batch, *sides), (batch,)

    def get_config(self):
        return {**super().get_config(), "filters": self.filters, "num_halvings": self.num_halvings}
