"""Layers with an equalised learning rate."""

import math

import keras
from keras import ops

from keras_stylegan.ops.fir import conv_downsample, conv_upsample

# Keeps the variance through the leaky ReLU of slope 0.2, nearly: 1 / sqrt((1 + 0.2 ** 2) / 2) is 1.387.
LEAKY_GAIN = math.sqrt(2.0)
NEGATIVE_SLOPE = 0.2
_ACTIVATIONS = (None, "leaky_relu")
_RESAMPLING = {
    None: lambda x, kernel: ops.conv(x, kernel, padding="same"),
    "up": conv_upsample,
    "down": conv_downsample,
}


class _Equalized(keras.layers.Layer):
    """A kernel drawn from N(0, 1) that is scaled to unit gain each time it is used.

    So every weight has the same dynamic range, and an optimizer that normalises its steps, such as Adam, moves all of
    them at the same relative speed. `gain` multiplies the output. Leaky ReLU being homogeneous, the gain goes on
    kernel and bias, which are small, and not on the features.
    """

    def __init__(self, activation=None, gain=1.0, use_bias=True, **kwargs):
        super().__init__(**kwargs)
        if activation not in _ACTIVATIONS:
            raise ValueError(f'`activation` must be None or "leaky_relu". Received: activation={activation!r}')
        if not gain > 0:
            raise ValueError(f"`gain` must be positive. Received: gain={gain}")
        self.activation = activation
        self.gain = gain
        self.use_bias = use_bias

    def _add_weights(self, kernel_shape, multiplier=1.0, bias=0.0):
        self.kernel = self.add_weight(
            name="kernel", shape=kernel_shape, initializer=keras.initializers.RandomNormal(stddev=1.0 / multiplier)
        )
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias", shape=kernel_shape[-1:], initializer=keras.initializers.Constant(bias / multiplier)
            )
        fan_in = math.prod(kernel_shape[:-1])
        self._kernel_scale = self.gain * multiplier / math.sqrt(fan_in)
        self._bias_scale = self.gain * multiplier

    def _finish(self, x):
        if self.use_bias:
            # A difference, since TensorFlow's remapper takes convolution + sum + leaky ReLU for its fused kernel, finds
            # that their gradients need the sum, and gives up on the whole graph.
            x = x - self.bias * -self._bias_scale
        return x if self.activation is None else ops.leaky_relu(x, NEGATIVE_SLOPE)

    def get_config(self):
        return {
            **super().get_config(),
            "activation": self.activation,
            "gain": self.gain,
            "use_bias": self.use_bias,
        }


@keras.saving.register_keras_serializable(package="keras_stylegan")
class EqualizedDense(_Equalized):
    """Fully connected layer with an equalised learning rate.

    Args:
        units: int, size of the output.
        activation: None or `"leaky_relu"` of slope 0.2.
        gain: float, factor of the output; `LEAKY_GAIN` keeps the variance through leaky ReLU.
        use_bias: bool.
        learning_rate_multiplier: float, relative learning rate of this layer; its weights are stored divided by it.
        initial_bias: float, value of the bias at the start.

    Call arguments:
        inputs: tensor of shape `(batch, ..., channels)`.

    Output shape:
        `(batch, ..., units)`.

    Raises:
        ValueError: if an argument breaks its rule.

    Source: Karras et al. 2018, "Progressive Growing of GANs", section 4.1; 2019, "A Style-Based Generator
    Architecture", appendix C (the multiplier).
    """

    def __init__(
        self, units, activation=None, gain=1.0, use_bias=True, learning_rate_multiplier=1.0, initial_bias=0.0, **kwargs
    ):
        super().__init__(activation, gain, use_bias, **kwargs)
        if units < 1:
            raise ValueError(f"`units` must be positive. Received: units={units}")
        if not learning_rate_multiplier > 0:
            raise ValueError(
                "`learning_rate_multiplier` must be positive. "
                f"Received: learning_rate_multiplier={learning_rate_multiplier}"
            )
        self.units = units
        self.learning_rate_multiplier = learning_rate_multiplier
        self.initial_bias = initial_bias

    def build(self, inputs_shape):
        self._add_weights((inputs_shape[-1], self.units), self.learning_rate_multiplier, self.initial_bias)

    def call(self, inputs):
        return self._finish(ops.matmul(inputs, self.kernel * self._kernel_scale))

    def compute_output_shape(self, inputs_shape):
        return *inputs_shape[:-1], self.units

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "learning_rate_multiplier": self.learning_rate_multiplier,
            "initial_bias": self.initial_bias,
        }


@keras.saving.register_keras_serializable(package="keras_stylegan")
class EqualizedConv2D(_Equalized):
    """Zero-padded convolution with an equalised learning rate, which may resample by two.

    Args:
        filters: int, output channels.
        kernel_size: 1 or 3.
        activation: None or `"leaky_relu"` of slope 0.2.
        gain: float, factor of the output; `LEAKY_GAIN` keeps the variance through leaky ReLU.
        use_bias: bool.
        resample: None, `"up"` or `"down"`: filtered resampling, see `keras_stylegan.ops.fir`.

    Call arguments:
        inputs: tensor of shape `(batch, height, width, channels)`; height and width even to go down.

    Output shape:
        `(batch, height, width, filters)`, with height and width doubled or halved by `resample`.

    Raises:
        ValueError: if an argument breaks its rule.

    Source: Karras et al. 2018, section 4.1; resampling: Karras et al. 2020, appendix B.
    """

    def __init__(self, filters, kernel_size=3, activation=None, gain=1.0, use_bias=True, resample=None, **kwargs):
        super().__init__(activation, gain, use_bias, **kwargs)
        if filters < 1:
            raise ValueError(f"`filters` must be positive. Received: filters={filters}")
        if kernel_size not in (1, 3):
            raise ValueError(f"`kernel_size` must be 1 or 3. Received: kernel_size={kernel_size}")
        if resample not in _RESAMPLING:
            raise ValueError(f'`resample` must be None, "up" or "down". Received: resample={resample!r}')
        self.filters = filters
        self.kernel_size = kernel_size
        self.resample = resample

    def build(self, inputs_shape):
        self._add_weights((self.kernel_size, self.kernel_size, inputs_shape[-1], self.filters))

    def call(self, inputs):
        return self._finish(_RESAMPLING[self.resample](inputs, self.kernel * self._kernel_scale))

    def compute_output_shape(self, inputs_shape):
        batch, height, width, _ = inputs_shape
        resized = {None: lambda n: n, "up": lambda n: 2 * n, "down": lambda n: n // 2}[self.resample]
        return batch, *(None if n is None else resized(n) for n in (height, width)), self.filters

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "resample": self.resample,
        }
