"""The layer of StyleGAN's synthesis network: convolution, noise, leaky ReLU, adaptive instance normalisation."""

import keras
from keras import ops

from keras_stylegan.layers.equalized import LEAKY_GAIN, NEGATIVE_SLOPE, EqualizedConv2D, EqualizedDense
from keras_stylegan.ops.normalization import instance_norm


@keras.saving.register_keras_serializable(package="keras_stylegan")
class AdaINLayer(keras.layers.Layer):
    """3x3 convolution, noise, bias, leaky ReLU; then every channel is normalised and takes scale and shift of a style.

    Args:
        filters: int, output channels.
        upsample: bool, whether height and width are doubled first.
        convolve: bool; without, the layer begins with the noise, as the first one does, on a learned constant.

    Call arguments:
        features: tensor of shape `(batch, height, width, channels)`.
        styles: tensor of shape `(batch, style_dim)`.
        noise: tensor of shape `(batch or 1, height, width, 1)` at the size of the output, normally distributed; each
            channel takes its own, learned share of it.

    Output shape:
        `(batch, height, width, filters)`, height and width doubled with `upsample`.

    Raises:
        ValueError: if `filters` is not positive, or is to upsample without a convolution.

    Source: Karras et al. 2019, "A Style-Based Generator Architecture for Generative Adversarial Networks", figure 1 b
    and equation 1; scale and shift: Huang and Belongie 2017.
    """

    def __init__(self, filters, upsample=False, convolve=True, **kwargs):
        super().__init__(**kwargs)
        if filters < 1:
            raise ValueError(f"`filters` must be positive. Received: filters={filters}")
        if upsample and not convolve:
            raise ValueError(f"`upsample` needs `convolve`. Received: upsample={upsample}, convolve={convolve}")
        self.filters = filters
        self.upsample = upsample
        self.convolve = convolve
        self.convolution = None
        if convolve:
            self.convolution = EqualizedConv2D(
                filters,
                gain=LEAKY_GAIN,
                use_bias=False,
                resample="up" if upsample else None,
                dtype=self.dtype_policy,
                name="convolution",
            )
        self.affine = EqualizedDense(2 * filters, dtype="float32", name="affine")

    def build(self, features_shape, styles_shape, noise_shape=None):
        if self.convolution is not None:
            self.convolution.build(features_shape)
        self.affine.build(styles_shape)
        self.noise_strength = self.add_weight(name="noise_strength", shape=(self.filters,), initializer="zeros")
        self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros")

    def call(self, features, styles, noise):
        x = features if self.convolution is None else self.convolution(features)
        x = x + ops.cast(noise, x.dtype) * self.noise_strength + self.bias
        x = instance_norm(ops.leaky_relu(x, NEGATIVE_SLOPE))
        scale, shift = ops.split(ops.cast(self.affine(styles), x.dtype)[:, None, None], 2, axis=-1)
        return x * (1.0 + scale) + shift

    def compute_output_shape(self, features_shape, styles_shape=None, noise_shape=None):
        batch, height, width, _ = features_shape
        factor = 2 if self.upsample else 1
        return batch, *(None if n is None else factor * n for n in (height, width)), self.filters

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "upsample": self.upsample,
            "convolve": self.convolve,
        }
