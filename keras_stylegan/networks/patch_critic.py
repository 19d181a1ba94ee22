"""A critic over patches, conditioned on the style it should recognise."""

import keras
from keras import layers, ops

from keras_stylegan.networks.stages import check_sizes


@keras.saving.register_keras_serializable(package="keras_stylegan")
class PatchCritic(keras.Model):
    """Scores every patch of a picture, under the style that it claims to have.

    Strided 4x4 convolutions as in PatchGAN, without normalisation: a gradient penalty is a statement about each
    picture alone, which batch statistics would break (Gulrajani et al. 2017, section 4). The style enters by
    projection (Miyato and Koyama 2018, equation 4): the score is a linear map of the features plus their product with
    the embedding of the style's weights (its mean over the channels, not the sum, so that the two terms start at the
    same size).

    Args:
        num_styles: int, length of the conditioning weights.
        filters: int, channels of the first convolution; doubled by each further one.
        num_layers: int, strided convolutions; the patch is 22 pixels wide at 3 layers.

    Call arguments:
        images: tensor of shape `(batch, height, width, 3)`, RGB in [-1, 1].
        style_weights: tensor of shape `(batch, num_styles)`.

    Output shape:
        `(batch, height / 2**num_layers, width / 2**num_layers, 1)`, rounded up; float32.

    Source: Isola et al. 2017 (arXiv 1611.07004), section 3.2.2.
    """

    def __init__(self, num_styles, filters=32, num_layers=3, **kwargs):
        super().__init__(**kwargs)
        check_sizes(num_styles=num_styles, filters=filters, num_layers=num_layers)
        self.num_styles = num_styles
        self.filters = filters
        self.num_layers = num_layers
        self.convolutions = [
            layers.Conv2D(filters * 2**i, 4, strides=2, padding="same", name=f"conv_{i + 1}") for i in range(num_layers)
        ]
        self.embedding = layers.Dense(filters * 2 ** (num_layers - 1), use_bias=False, name="embedding")
        self.score = layers.Dense(1, dtype="float32", name="score")

    def build(self, images_shape, style_weights_shape=None):
        channels = images_shape[-1]
        for convolution in self.convolutions:
            convolution.build((None, None, None, channels))
            channels = convolution.filters
        self.embedding.build((None, self.num_styles))
        self.score.build((None, None, None, channels))
        self.built = True

    def call(self, images, style_weights):
        x = images
        for convolution in self.convolutions:
            x = ops.leaky_relu(convolution(x), 0.2)
        embedded = ops.cast(self.embedding(style_weights), "float32")[:, None, None]
        projection = ops.mean(ops.cast(x, "float32") * embedded, axis=-1, keepdims=True)
        return self.score(x) + projection

    def compute_output_shape(self, images_shape, style_weights_shape=None):
        batch, height, width, _ = images_shape
        shrink = 2**self.num_layers
        return batch, *(None if n is None else -(-n // shrink) for n in (height, width)), 1

    def get_config(self):
        return {
            **super().get_config(),
            "num_styles": self.num_styles,
            "filters": self.filters,
            "num_layers": self.num_layers,
        }
