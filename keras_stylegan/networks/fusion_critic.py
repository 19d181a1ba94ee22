"""The fusion critic: is this a photograph, and does the region belong to it?"""

import keras
from keras import ops

from keras_stylegan.layers.spectral import SpectralConv2D, SpectralDense
from keras_stylegan.ops.regions import coverage, region_moments


@keras.saving.register_keras_serializable(package="keras_stylegan")
class FusionCritic(keras.Model):
    """Scores of a picture with a region in it: of every patch of the whole, and of the region against the background.

    The region is scored by the inner product of its mean features, embedded, with the background's: high where both are
    of one light. Convolutions are spectrally normalised, so no gradient penalty is needed.

    Args:
        filters: int, channels of the first convolution; doubled by each further one.
        num_layers: int, strided convolutions.

    Call arguments:
        images: tensor of shape `(batch, height, width, 3)`, RGB in [-1, 1], both sides at least `2 ** num_layers`.
        masks: tensor of shape `(batch, height, width, regions)` in [0, 1]; all regions are judged as one.
        training: bool, whether the estimates of spectral norms are improved.

    Returns:
        Two float32 tensors: logits of the patches, `(batch, height / 2^num_layers, width / 2^num_layers)`, sides
        rounded up, and of the region, `(batch,)`.

    Raises:
        ValueError: if an argument is not positive.

    Source: the region's score: Cong et al. 2020, "DoveNet" (arXiv 1911.13239), section 4.2 (domain verification);
    Miyato et al. 2018 (spectral normalisation).
    """

    def __init__(self, filters=24, num_layers=3, **kwargs):
        super().__init__(**kwargs)
        for name, value in (("filters", filters), ("num_layers", num_layers)):
            if value < 1:
                raise ValueError(f"`{name}` must be positive. Received: {name}={value}")
        self.filters = filters
        self.num_layers = num_layers
        self.convolutions = [
            SpectralConv2D(filters * 2**i, 4, strides=2, name=f"conv_{i + 1}") for i in range(num_layers)
        ]
        channels = filters * 2 ** (num_layers - 1)
        self.patches = SpectralDense(1, dtype="float32", name="patches")
        self.of_region = SpectralDense(channels, dtype="float32", name="of_region")
        self.of_background = SpectralDense(channels, dtype="float32", name="of_background")

    def build(self, images_shape=None, masks_shape=None):
        channels = 4  # the colours, and where the regions are
        for convolution in self.convolutions:
            convolution.build((None, None, None, channels))
            channels = convolution.filters
        for layer in (self.patches, self.of_region, self.of_background):
            layer.build((None, None, channels))
        self.built = True

    def call(self, images, masks, training=False):
        covered = coverage(masks)
        x = ops.concatenate([ops.cast(images, "float32"), covered], axis=-1)
        x = ops.cast(x, self.compute_dtype)
        for convolution in self.convolutions:
            x = ops.leaky_relu(convolution(x, training=training), 0.2)
            covered = ops.average_pool(covered, 2, strides=2, padding="same")
        x = ops.cast(x, "float32")
        means, _ = region_moments(x, ops.concatenate([covered, 1.0 - covered], axis=-1))
        region = self.of_region(means[:, 0], training=training)
        background = self.of_background(means[:, 1], training=training)
        return self.patches(x, training=training)[..., 0], ops.sum(region * background, axis=-1)

    def compute_output_shape(self, images_shape, masks_shape=None):
        batch, *sides = images_shape[:3]
        for _ in range(self.num_layers):
            sides = [None if side is None else -(-side // 2) for side in sides]
        return (batch, *sides), (batch,)

    def get_config(self):
        return {**super().get_config(), "filters": self.filters, "num_layers": self.num_layers}
