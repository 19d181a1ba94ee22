"""The generators of CycleGAN: blocks at 1/4 of the size, residual or densely connected."""

import keras
from keras import layers, ops

from keras_stylegan.layers.conv_blocks import ConvBlock, ResidualBlock, check_positive


class _BottleneckTranslator(keras.Model):
    """Stem, two halvings, the child's `middle` at 1/4 of the size, two doublings, head.

    A child makes `middle`, a list of layers `(features, training)` that keep the size and begin and end with
    `4 * filters` channels.
    """

    stride = 4
    _arguments = ()

    def __init__(self, filters, channels, out_channels, normalization, upsample, **kwargs):
        super().__init__(**kwargs)
        check_positive(filters=filters, channels=channels, out_channels=out_channels)
        self.filters = filters
        self.channels = channels
        self.out_channels = out_channels
        self.normalization = normalization
        self.upsample = upsample
        common = {"normalization": normalization}
        back = {"upsample": upsample, "padding": "zero" if upsample == "transposed" else "reflect", **common}
        self.stem = ConvBlock(filters, 7, padding="reflect", name="stem", **common)
        self.down = [ConvBlock(filters * 2**i, strides=2, name=f"down_{i}", **common) for i in (1, 2)]
        self.up = [ConvBlock(filters * 2**i, name=f"up_{2 - i}", **back) for i in (1, 0)]
        self.head = ConvBlock(
            out_channels, 7, padding="reflect", normalization="none", activation="linear", name="head"
        )

    def build(self, images_shape=None):
        shape = (None, None, None, self.channels)
        for layer in (self.stem, *self.down, *self.middle, *self.up, self.head):
            layer.build(shape)
            shape = layer.compute_output_shape(shape)
        self.built = True

    def call(self, images, training=False):
        x = ops.cast(images, self.compute_dtype)
        for layer in (self.stem, *self.down, *self.middle, *self.up, self.head):
            x = layer(x, training=training)
        return ops.tanh(ops.cast(x, "float32"))

    def compute_output_shape(self, images_shape):
        return *images_shape[:3], self.out_channels

    def get_config(self):
        names = (*self._arguments, "filters", "channels", "out_channels", "normalization", "upsample")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@keras.saving.register_keras_serializable(package="keras_stylegan")
class ResNetTranslator(_BottleneckTranslator):
    """Picture in, picture out by residual blocks: CycleGAN's generator, of 11,378,179 parameters with 9 of them.

    Args:
        num_blocks: int, residual blocks; 9 for pictures of 256 pixels, 6 for smaller ones.
        filters: int, channels at the full size.
        channels: int, of the pictures that come in.
        out_channels: int, of those that come out.
        normalization: as in `ConvBlock`.
        upsample: `"resize"` or `"transposed"`, as in `ConvBlock`.

    Call arguments:
        images: tensor of shape `(batch, height, width, channels)` in [-1, 1], height and width multiples of `stride`
            and at least 8.
        training: bool.

    Output shape:
        `(batch, height, width, out_channels)`, float32 in [-1, 1].

    Raises:
        ValueError: if an argument breaks its rule.

    Source: Zhu et al. 2017, "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks", section
    7.2, after Johnson et al. 2016. They double the size by transposed convolutions, which paint checkerboards; the
    default has as many parameters and does not.
    """

    _arguments = ("num_blocks",)

    def __init__(
        self,
        num_blocks=9,
        filters=64,
        channels=3,
        out_channels=3,
        normalization="instance",
        upsample="resize",
        **kwargs,
    ):
        super().__init__(filters, channels, out_channels, normalization, upsample, **kwargs)
        check_positive(num_blocks=num_blocks)
        self.num_blocks = num_blocks
        self.middle = [ResidualBlock(4 * filters, normalization, name=f"block_{i + 1}") for i in range(num_blocks)]


@keras.saving.register_keras_serializable(package="keras_stylegan")
class DenseNetTranslator(_BottleneckTranslator):
    """Picture in, picture out by dense blocks: every convolution sees the maps of all before it in its block.

    Args:
        num_blocks: int, dense blocks.
        num_layers: int, convolutions of a block.
        growth: int, channels that each of them adds.
        filters: int, channels at the full size.
        channels: int, of the pictures that come in.
        out_channels: int, of those that come out.
        normalization: as in `ConvBlock`.
        upsample: `"resize"` or `"transposed"`, as in `ConvBlock`.

    Call arguments:
        images: tensor of shape `(batch, height, width, channels)` in [-1, 1], height and width multiples of `stride`
            and at least 8.
        training: bool.

    Output shape:
        `(batch, height, width, out_channels)`, float32 in [-1, 1].

    Raises:
        ValueError: if an argument breaks its rule.

    Source: Huang et al. 2017, "Densely Connected Convolutional Networks", between CycleGAN's encoder and decoder. As
    there a 1x1 convolution follows each block; the order is convolution, normalisation, ReLU, as in the rest.
    """

    _arguments = ("num_blocks", "num_layers", "growth")

    def __init__(
        self,
        num_blocks=3,
        num_layers=6,
        growth=32,
        filters=64,
        channels=3,
        out_channels=3,
        normalization="instance",
        upsample="resize",
        **kwargs,
    ):
        super().__init__(filters, channels, out_channels, normalization, upsample, **kwargs)
        check_positive(num_blocks=num_blocks, num_layers=num_layers, growth=growth)
        self.num_blocks = num_blocks
        self.num_layers = num_layers
        self.growth = growth
        self.middle = [
            _DenseBlock(4 * filters, num_layers, growth, normalization, name=f"block_{i + 1}")
            for i in range(num_blocks)
        ]


class _DenseBlock(layers.Layer):
    """`num_layers` convolutions, each on all maps so far, and a 1x1 convolution back to `filters` channels."""

    def __init__(self, filters, num_layers, growth, normalization, **kwargs):
        super().__init__(**kwargs)
        self.growth = growth
        self.convolutions = [
            ConvBlock(growth, padding="reflect", normalization=normalization, name=f"conv_{i + 1}")
            for i in range(num_layers)
        ]
        self.transition = ConvBlock(filters, 1, normalization=normalization, name="transition")

    def build(self, features_shape):
        *shape, channels = features_shape
        for i, layer in enumerate(self.convolutions):
            layer.build((*shape, channels + i * self.growth))
        self.transition.build((*shape, channels + len(self.convolutions) * self.growth))

    def call(self, features, training=False):
        for layer in self.convolutions:
            features = ops.concatenate([features, layer(features, training=training)], axis=-1)
        return self.transition(features, training=training)

    def compute_output_shape(self, features_shape):
        return *features_shape[:3], self.transition.filters
