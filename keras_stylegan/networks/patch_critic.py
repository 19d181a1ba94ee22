"""Critics over patches: of pictures in a style that they should recognise, and of translated pictures."""

import keras
from keras import layers, ops

from keras_stylegan.layers.conv_blocks import ConvBlock, check_positive

# Strided convolutions of PatchGAN by the width in pixels of the patch that a score sees.
RECEPTIVE_FIELDS = {1: 0, 16: 1, 34: 2, 70: 3, 142: 4, 286: 5}


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
        check_positive(num_styles=num_styles, filters=filters, num_layers=num_layers)
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


@keras.saving.register_keras_serializable(package="keras_stylegan")
class PatchGANCritic(keras.Model):
    """PatchGAN: a score for every patch of a picture, alone or beside the picture that it was made from.

    4x4 convolutions: those of stride 2 that the patch wants, one of stride 1, and the score; for patches of one pixel
    three 1x1 convolutions. With a patch of 70 pixels 2,768,705 parameters on six channels (`"affine_instance"`), as in
    pix2pix, and 2,764,737 on three (`"instance"`), as in CycleGAN.

    Args:
        receptive_field: int, width of the patch in pixels: 1, 16, 34, 70, 142 or 286.
        filters: int, channels of the first convolution; doubled by each further one, up to eight times as many.
        channels: int, of the pictures.
        condition_channels: int, of the pictures that they were made from; 0 for a critic that does not see those.
        normalization: as in `ConvBlock`, of all convolutions but the first and the last; `"none"` for a gradient
            penalty, which is a statement about each picture alone.

    Call arguments:
        images: tensor of shape `(batch, height, width, channels)` in [-1, 1], height and width at least `min_side`.
        condition: tensor of shape `(batch, height, width, condition_channels)`; None without a condition.
        training: bool.

    Output shape:
        `(batch, rows, columns, 1)`, float32; 30x30 scores of 256x256 pixels at a patch of 70.

    Raises:
        ValueError: if an argument breaks its rule.

    Source: Isola et al. 2017, section 6.1.2.
    """

    def __init__(
        self,
        receptive_field=70,
        filters=64,
        channels=3,
        condition_channels=0,
        normalization="affine_instance",
        **kwargs,
    ):
        super().__init__(**kwargs)
        if receptive_field not in RECEPTIVE_FIELDS:
            fields = ", ".join(map(str, RECEPTIVE_FIELDS))
            raise ValueError(f"`receptive_field` must be one of {fields}. Received: receptive_field={receptive_field}")
        check_positive(filters=filters, channels=channels)
        if condition_channels < 0:
            raise ValueError(
                f"`condition_channels` must not be negative. Received: condition_channels={condition_channels}"
            )
        self.receptive_field = receptive_field
        self.filters = filters
        self.channels = channels
        self.condition_channels = condition_channels
        self.normalization = normalization
        halvings = RECEPTIVE_FIELDS[receptive_field]
        #: From the picture inwards.
        self.blocks = [
            ConvBlock(
                filters * min(2**i, 8),
                4 if halvings else 1,
                strides=2 if i < halvings else 1,
                padding="valid",
                normalization=normalization if i else "none",
                activation="leaky_relu",
                name=f"conv_{i + 1}",
            )
            for i in range(max(halvings, 1) + 1)
        ]
        self.score = layers.Conv2D(
            1,
            4 if halvings else 1,
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.02),
            dtype="float32",
            name="score",
        )

    @property
    def min_side(self):
        """Int, the smallest height and width of a picture that has a score."""
        halvings = RECEPTIVE_FIELDS[self.receptive_field]
        return 3 * 2**halvings if halvings else 1

    def build(self, images_shape=None, condition_shape=None):
        shape = (None, None, None, self.channels + self.condition_channels)
        for block in self.blocks:
            block.build(shape)
            shape = block.compute_output_shape(shape)
        self.score.build(shape)
        self.built = True

    def call(self, images, condition=None, training=False):
        if (condition is not None) != bool(self.condition_channels):
            raise ValueError(
                "`condition` and `condition_channels` above 0 go together. "
                f"Received: condition_channels={self.condition_channels}, condition={condition}"
            )
        x = ops.cast(images, self.compute_dtype)
        if condition is not None:
            x = ops.concatenate([x, ops.cast(condition, x.dtype)], axis=-1)
        for block in self.blocks:
            x = block(self._bordered(x), training=training)
        return self.score(ops.cast(self._bordered(x), "float32"))

    def _bordered(self, x):
        """One row or column of zeros on each side, which "same" would not give a 4x4 convolution of stride 1."""
        return ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))) if self.receptive_field > 1 else x

    def compute_output_shape(self, images_shape, condition_shape=None):
        def wider(shape):
            border = 2 if self.receptive_field > 1 else 0
            return shape[0], *(None if n is None else n + border for n in shape[1:3]), shape[3]

        shape = images_shape
        for block in self.blocks:
            shape = block.compute_output_shape(wider(shape))
        return self.score.compute_output_shape(wider(shape))

    def get_config(self):
        names = ("receptive_field", "filters", "channels", "condition_channels", "normalization")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
