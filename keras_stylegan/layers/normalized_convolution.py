"""Convolution, instance normalisation and activation in one: the block of feed-forward networks on pictures."""

import keras
from keras import ops

from keras_stylegan.ops.normalization import instance_norm
from keras_stylegan.ops.padding import reflect_pad


@keras.saving.register_keras_serializable(package="keras_stylegan")
class NormalizedConv2D(keras.layers.Layer):
    """Reflection-padded convolution, instance normalisation with a learned scale and shift, an activation.

    Args:
        filters: int, output channels.
        kernel_size: odd int, edge of the kernel in pixels.
        strides: int, at least 1.
        activation: `"relu"`, `"linear"` or another Keras activation.
        use_bias: bool, whether the convolution has a bias. The normalisation takes it out again, so it only serves to
            match the parameters of networks published with one.
        epsilon: float, added to the variance.

    Call arguments:
        inputs: tensor of shape `(batch, height, width, channels)`, height and width greater than `kernel_size // 2`.

    Output shape:
        `(batch, ceil(height / strides), ceil(width / strides), filters)`.

    Raises:
        ValueError: if an argument breaks its rule.

    Source: Ulyanov et al. 2017, Improved Texture Networks, equation 4.
    """

    def __init__(self, filters, kernel_size=3, strides=1, activation="relu", use_bias=False, epsilon=1e-5, **kwargs):
        super().__init__(**kwargs)
        for name, value in (("filters", filters), ("strides", strides)):
            if value < 1:
                raise ValueError(f"`{name}` must be positive. Received: {name}={value}")
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f"`kernel_size` must be odd and positive. Received: kernel_size={kernel_size}")
        self.filters = filters
        self.kernel_size = kernel_size
        self.strides = strides
        self.activation = keras.activations.get(activation)
        self.use_bias = use_bias
        self.epsilon = epsilon

    def build(self, inputs_shape):
        edge = self.kernel_size
        self.kernel = self.add_weight(
            name="kernel", shape=(edge, edge, inputs_shape[-1], self.filters), initializer="he_normal"
        )
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros")
        self.scale = self.add_weight(name="scale", shape=(self.filters,), initializer="ones")
        self.shift = self.add_weight(name="shift", shape=(self.filters,), initializer="zeros")

    def call(self, inputs):
        x = ops.conv(reflect_pad(inputs, self.kernel_size // 2), self.kernel, strides=self.strides)
        if self.use_bias:
            x = x + self.bias
        return self.activation(instance_norm(x, self.scale[None], self.shift[None], self.epsilon))

    def compute_output_shape(self, inputs_shape):
        batch, height, width, _ = inputs_shape
        return batch, *(None if n is None else -(-n // self.strides) for n in (height, width)), self.filters

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "epsilon": self.epsilon,
        }
