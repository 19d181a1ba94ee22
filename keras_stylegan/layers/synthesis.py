"""The layers of StyleGAN2's synthesis network: modulated convolution, and the way to colours."""

import math

import keras
from keras import ops

from keras_stylegan.layers.equalized import LEAKY_GAIN, NEGATIVE_SLOPE, EqualizedDense
from keras_stylegan.ops.modulation import modulated_conv, modulated_pointwise


@keras.saving.register_keras_serializable(package="keras_stylegan")
class SynthesisLayer(keras.layers.Layer):
    """Modulated 3x3 convolution, noise, bias, leaky ReLU.

    The style vector goes through an affine map to one scale per input channel. The variance-keeping gain of the
    leaky ReLU is put on demodulation factors, noise strength and bias, which are small, and not on the features.
    Affine map and demodulation are float32 under every mixed policy.

    Args:
        filters: int, output channels.
        upsample: bool, whether height and width are doubled.

    Call arguments:
        features: tensor of shape `(batch, height, width, channels)`.
        styles: tensor of shape `(batch, style_dim)`.
        noise: tensor of shape `(batch or 1, height, width, 1)` at the size of the output, normally distributed.

    Output shape:
        `(batch, height, width, filters)`, height and width doubled with `upsample`.

    Raises:
        ValueError: if `filters` is not positive.

    Source: Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", figure 2 d.
    """

    def __init__(self, filters, upsample=False, **kwargs):
        super().__init__(**kwargs)
        if filters < 1:
            raise ValueError(f"`filters` must be positive. Received: filters={filters}")
        self.filters = filters
        self.upsample = upsample

    def build(self, features_shape, styles_shape, noise_shape=None):
        channels = features_shape[-1]
        self.affine = EqualizedDense(channels, initial_bias=1.0, dtype=self.variable_dtype, name="affine")
        self.affine.build(styles_shape)
        # Not cast to half precision on reading: the demodulation needs the exact values.
        exact = {"dtype": self.variable_dtype, "autocast": False}
        normal = keras.initializers.RandomNormal(stddev=1.0)
        self.kernel = self.add_weight(name="kernel", shape=(3, 3, channels, self.filters), initializer=normal, **exact)
        self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros", **exact)
        self.noise_strength = self.add_weight(name="noise_strength", shape=(), initializer="zeros", **exact)

    def call(self, features, styles, noise):
        scale = 1.0 / math.sqrt(math.prod(self.kernel.shape[:3]))
        x = modulated_conv(features, self.affine(styles), self.kernel * scale, self.upsample, LEAKY_GAIN)
        # Subtracted: noise and bias of one sum are stored by LiteRT's converter as a number for each place and channel.
        x = x - ops.cast(noise * ops.cast(-self.noise_strength * LEAKY_GAIN, noise.dtype), x.dtype)
        x = x + ops.cast(self.bias * LEAKY_GAIN, x.dtype)
        return ops.leaky_relu(x, NEGATIVE_SLOPE)

    def compute_output_shape(self, features_shape, styles_shape=None, noise_shape=None):
        batch, height, width, _ = features_shape
        factor = 2 if self.upsample else 1
        return batch, *(None if n is None else factor * n for n in (height, width)), self.filters

    def get_config(self):
        return {**super().get_config(), "filters": self.filters, "upsample": self.upsample}


@keras.saving.register_keras_serializable(package="keras_stylegan")
class ToRGB(keras.layers.Layer):
    """Features to colours: modulated 1x1 convolution without demodulation, and a bias; float32 under mixed policies.

    Args:
        channels: int, of the picture.

    Call arguments:
        features: tensor of shape `(batch, height, width, channels of the features)`.
        styles: tensor of shape `(batch, style_dim)`.

    Output shape:
        `(batch, height, width, channels)`.

    Raises:
        ValueError: if `channels` is not positive.

    Source: Karras et al. 2020, figure 7 b (output skips) and appendix B.
    """

    def __init__(self, channels=3, **kwargs):
        super().__init__(**kwargs)
        if channels < 1:
            raise ValueError(f"`channels` must be positive. Received: channels={channels}")
        self.channels = channels

    def build(self, features_shape, styles_shape):
        width = features_shape[-1]
        self.affine = EqualizedDense(width, initial_bias=1.0, dtype=self.variable_dtype, name="affine")
        self.affine.build(styles_shape)
        exact = {"dtype": self.variable_dtype, "autocast": False}
        normal = keras.initializers.RandomNormal(stddev=1.0)
        self.kernel = self.add_weight(name="kernel", shape=(width, self.channels), initializer=normal, **exact)
        self.bias = self.add_weight(name="bias", shape=(self.channels,), initializer="zeros", **exact)

    def call(self, features, styles):
        scale = 1.0 / math.sqrt(self.kernel.shape[0])
        return modulated_pointwise(features, self.affine(styles), self.kernel * scale) + self.bias

    def compute_output_shape(self, features_shape, styles_shape=None):
        return *features_shape[:-1], self.channels

    def get_config(self):
        return {**super().get_config(), "channels": self.channels}
