"""The blocks of networks from picture to picture: convolutions that keep, halve or double the size, and joints."""

import keras
from keras import layers, ops

from keras_stylegan.ops.normalization import instance_norm
from keras_stylegan.ops.padding import reflect_pad
from keras_stylegan.ops.resampling import upsample_nearest

NORMALIZATIONS = ("batch", "instance", "affine_instance", "none")
PADDINGS = ("zero", "reflect", "valid")
UPSAMPLINGS = ("transposed", "resize")


@keras.saving.register_keras_serializable(package="keras_stylegan")
class ConvBlock(layers.Layer):
    """Convolution, normalisation, activation, dropout.

    Args:
        filters: int, output channels.
        kernel_size: int, edge of the kernel in pixels.
        strides: int, 1 or 2.
        upsample: None, or how height and width are doubled: `"transposed"`, by a transposed convolution of stride 2, or
            `"resize"`, by repeating pixels before the convolution, which paints no checkerboard (Odena et al. 2016).
        padding: `"zero"`, `"reflect"` (which leaves no border band) or `"valid"` (none).
        normalization: `"batch"`; `"instance"`, without parameters; `"affine_instance"`, with a learned scale and shift
            per channel; or `"none"`.
        activation: `"relu"`, `"leaky_relu"` (slope 0.2), `"linear"` or another Keras activation.
        dropout: float in [0, 1), share of the values left out in training.
        use_bias: bool; None for a bias where no learned shift follows.

    Call arguments:
        features: tensor of shape `(batch, height, width, channels)`.
        training: bool.

    Output shape:
        `(batch, ceil(height / strides), ceil(width / strides), filters)`, height and width doubled with `upsample`, and
        `kernel_size - 1` smaller before the division with `"valid"`.

    Raises:
        ValueError: if an argument breaks its rule.

    Source: weights start as in Isola et al. 2017 (pix2pix), section 6.2: N(0, 0.02), scales N(1, 0.02).
    """

    def __init__(
        self,
        filters,
        kernel_size=3,
        strides=1,
        upsample=None,
        padding="zero",
        normalization="instance",
        activation="relu",
        dropout=0.0,
        use_bias=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_positive(filters=filters, kernel_size=kernel_size)
        check_choice("padding", padding, PADDINGS)
        check_choice("normalization", normalization, NORMALIZATIONS)
        if upsample is not None:
            check_choice("upsample", upsample, UPSAMPLINGS)
        if strides not in (1, 2) or (upsample and strides > 1):
            raise ValueError(f"`strides` must be 1 or 2, and 1 with `upsample`. Received: strides={strides}")
        if upsample == "transposed" and padding != "zero":
            raise ValueError(f'`padding` must be "zero" for a transposed convolution. Received: padding={padding!r}')
        if padding == "reflect" and kernel_size % 2 == 0:
            raise ValueError(f'`kernel_size` must be odd for "reflect". Received: kernel_size={kernel_size}')
        self.filters = filters
        self.kernel_size = kernel_size
        self.strides = strides
        self.upsample = upsample
        self.padding = padding
        self.normalization = normalization
        self.activation = keras.activations.get(activation)
        self.dropout = dropout
        self.use_bias = use_bias
        kind = layers.Conv2DTranspose if upsample == "transposed" else layers.Conv2D
        self.convolution = kind(
            filters,
            kernel_size,
            2 if upsample == "transposed" else strides,
            padding="same" if padding == "zero" else "valid",
            use_bias=normalization in ("instance", "none") if use_bias is None else use_bias,
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.02),
            dtype=self.dtype_policy,
            name="convolution",
        )
        self.norm = None
        if normalization == "batch":
            self.norm = layers.BatchNormalization(
                momentum=0.9, epsilon=1e-5, gamma_initializer=_near_one(), dtype=self.dtype_policy, name="norm"
            )
        self.drop = layers.Dropout(dropout, dtype=self.dtype_policy, name="drop") if dropout else None

    def build(self, features_shape):
        self.convolution.build(features_shape)
        if self.norm is not None:
            self.norm.build((None, None, None, self.filters))
        self.scale = self.shift = None
        if self.normalization == "affine_instance":
            self.scale = self.add_weight(name="scale", shape=(self.filters,), initializer=_near_one())
            self.shift = self.add_weight(name="shift", shape=(self.filters,), initializer="zeros")

    def call(self, features, training=False):
        x = upsample_nearest(features) if self.upsample == "resize" else features
        if self.padding == "reflect":
            x = reflect_pad(x, self.kernel_size // 2)
        x = self.convolution(x)
        if self.norm is not None:
            x = self.norm(x, training=training)
        elif self.scale is not None:
            x = instance_norm(x, self.scale[None], self.shift[None])
        elif self.normalization == "instance":
            x = instance_norm(x)
        x = self.activation(x)
        return x if self.drop is None else self.drop(x, training=training)

    def compute_output_shape(self, features_shape):
        batch, *sides, _ = features_shape
        lost = self.kernel_size - 1 if self.padding == "valid" else 0
        factor = 1 if self.upsample is None else 2
        sides = [None if side is None else -(-(factor * side - lost) // self.strides) for side in sides]
        return batch, *sides, self.filters

    def get_config(self):
        names = ("filters", "kernel_size", "strides", "upsample", "padding", "normalization", "dropout", "use_bias")
        activation = keras.activations.serialize(self.activation)
        return {**super().get_config(), **{name: getattr(self, name) for name in names}, "activation": activation}


@keras.saving.register_keras_serializable(package="keras_stylegan")
class UpBlock(layers.Layer):
    """A step of a U-Net's decoder: doubles the size, joins the encoder's map of that size, then ReLU.

    Args:
        filters: int, channels before those of the encoder join them.
        kernel_size: int, of the convolution; with `"transposed"` best a multiple of 2, the stride.
        upsample: `"transposed"` or `"resize"`, as in `ConvBlock`.
        normalization: as in `ConvBlock`.
        dropout: float in [0, 1).
        use_bias: as in `ConvBlock`.

    Call arguments:
        features: tensor of shape `(batch, height, width, channels)`.
        skip: tensor of shape `(batch, 2 * height, 2 * width, skip_channels)`, of the encoder.
        training: bool.

    Output shape:
        `(batch, 2 * height, 2 * width, filters + skip_channels)`.

    Source: Ronneberger et al. 2015, "U-Net"; order of the operations: Isola et al. 2017.
    """

    def __init__(
        self,
        filters,
        kernel_size=4,
        upsample="transposed",
        normalization="affine_instance",
        dropout=0.0,
        use_bias=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_choice("upsample", upsample, UPSAMPLINGS)
        self.filters = filters
        self.kernel_size = kernel_size
        self.upsample = upsample
        self.normalization = normalization
        self.dropout = dropout
        self.use_bias = use_bias
        self.block = ConvBlock(
            filters,
            kernel_size,
            upsample=upsample,
            normalization=normalization,
            activation="linear",
            dropout=dropout,
            use_bias=use_bias,
            dtype=self.dtype_policy,
            name="block",
        )

    def build(self, features_shape, skip_shape):
        self.block.build(features_shape)

    def call(self, features, skip, training=False):
        x = self.block(features, training=training)
        return ops.relu(ops.concatenate([x, ops.cast(skip, x.dtype)], axis=-1))

    def compute_output_shape(self, features_shape, skip_shape):
        *shape, channels = self.block.compute_output_shape(features_shape)
        return *shape, channels + skip_shape[-1]

    def get_config(self):
        names = ("filters", "kernel_size", "upsample", "normalization", "dropout", "use_bias")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@keras.saving.register_keras_serializable(package="keras_stylegan")
class ResidualBlock(layers.Layer):
    """Two 3x3 convolutions under reflection, added to what came in.

    Args:
        filters: int, channels in and out.
        normalization: as in `ConvBlock`.
        dropout: float in [0, 1), between the two.

    Call arguments:
        features: tensor of shape `(batch, height, width, filters)`.
        training: bool.

    Output shape:
        That of `features`.

    Source: Johnson et al. 2016, supplementary material (no ReLU after the addition); as Zhu et al. 2017 use it.
    """

    def __init__(self, filters, normalization="instance", dropout=0.0, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.normalization = normalization
        self.dropout = dropout
        options = {"padding": "reflect", "normalization": normalization, "dtype": self.dtype_policy}
        self.first = ConvBlock(filters, dropout=dropout, name="first", **options)
        self.second = ConvBlock(filters, activation="linear", name="second", **options)

    def build(self, features_shape):
        self.first.build(features_shape)
        self.second.build(features_shape)

    def call(self, features, training=False):
        return features + self.second(self.first(features, training=training), training=training)

    def compute_output_shape(self, features_shape):
        return features_shape

    def get_config(self):
        names = ("filters", "normalization", "dropout")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def check_positive(**numbers):
    """Raises ValueError for the first of the named numbers that is not positive."""
    for name, value in numbers.items():
        if value < 1:
            raise ValueError(f"`{name}` must be positive. Received: {name}={value}")


def check_choice(name, value, valid):
    """Raises ValueError, about the argument `name`, unless `value` is one of `valid`."""
    if value not in valid:
        raise ValueError(f"`{name}` must be one of {', '.join(valid)}. Received: {name}={value!r}")


def _near_one():
    return keras.initializers.RandomNormal(1.0, 0.02)
