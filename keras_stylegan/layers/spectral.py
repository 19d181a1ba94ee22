"""Convolution and dense layer whose weight is divided by its spectral norm."""

import keras
from keras import layers, ops

from keras_stylegan.ops.spectral import spectral_norm


class _SpectrallyNormalized(layers.Layer):
    """A kernel W that stays free while W / sigma(W) multiplies the inputs; gradients pass through sigma.

    Keras' own SpectralNormalization writes the divided kernel back, so that its gradient ignores sigma; and Keras'
    Dense and Conv2D, derived from, would save kernel and bias alone and forget the singular vector.
    """

    def __init__(self, units, use_bias, kernel_initializer, **kwargs):
        super().__init__(**kwargs)
        if units < 1:
            raise ValueError(f"`{self._size}` must be positive. Received: {self._size}={units}")
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def _add_weights(self, shape):
        # The norm is taken in float32 whatever the policy.
        self.kernel = self.add_weight(name="kernel", shape=shape, initializer=self.kernel_initializer, autocast=False)
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=shape[-1:], initializer="zeros")
        self.singular_vector = self.add_weight(
            name="singular_vector",
            shape=shape[-1:],
            initializer=keras.initializers.RandomNormal(stddev=1.0),
            trainable=False,
            autocast=False,
        )

    def normalized_kernel(self, training):
        """The kernel divided by its spectral norm; in training one power iteration is made and kept."""
        kernel = ops.convert_to_tensor(self.kernel)
        norm, vector = spectral_norm(kernel, ops.convert_to_tensor(self.singular_vector), steps=1 if training else 0)
        if training:
            self.singular_vector.assign(vector)
        return ops.cast(kernel / ops.maximum(norm, 1e-12), self.compute_dtype)

    def get_config(self):
        return {
            **super().get_config(),
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }


@keras.saving.register_keras_serializable(package="keras_stylegan")
class SpectralConv2D(_SpectrallyNormalized):
    """Convolution with spectral normalisation of the kernel, seen as a matrix from patches to filters.

    Args:
        filters: int.
        kernel_size: int, height and width of the kernel.
        strides: int, along height and width.
        use_bias: bool.
        kernel_initializer: Keras initializer.

    Call arguments:
        inputs: tensor of shape `(batch, height, width, channels)`.
        training: bool, whether the estimate of the norm is improved and kept.

    Output shape:
        `(batch, height / strides, width / strides, filters)`, rounded up ("same" padding).

    Raises:
        ValueError: if `filters` is not positive.

    Source: Miyato et al. 2018, "Spectral Normalization for Generative Adversarial Networks", section 2.1.
    """

    _size = "filters"

    def __init__(self, filters, kernel_size, strides=1, use_bias=True, kernel_initializer="glorot_uniform", **kwargs):
        super().__init__(filters, use_bias, kernel_initializer, **kwargs)
        self.filters = filters
        self.kernel_size = kernel_size
        self.strides = strides

    def build(self, inputs_shape):
        self._add_weights((self.kernel_size, self.kernel_size, inputs_shape[-1], self.filters))

    def call(self, inputs, training=False):
        outputs = ops.conv(inputs, self.normalized_kernel(training), self.strides, "same")
        return outputs + self.bias if self.use_bias else outputs

    def compute_output_shape(self, inputs_shape):
        batch, height, width, _ = inputs_shape
        return batch, *(None if n is None else -(-n // self.strides) for n in (height, width)), self.filters

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
        }


@keras.saving.register_keras_serializable(package="keras_stylegan")
class SpectralDense(_SpectrallyNormalized):
    """Dense layer with spectral normalisation of the kernel.

    Args:
        units: int.
        use_bias: bool.
        kernel_initializer: Keras initializer.

    Call arguments:
        inputs: tensor of shape `(batch, ..., channels)`.
        training: bool, whether the estimate of the norm is improved and kept.

    Output shape:
        `(batch, ..., units)`.

    Raises:
        ValueError: if `units` is not positive.

    Source: Miyato et al. 2018, "Spectral Normalization for Generative Adversarial Networks", section 2.1.
    """

    _size = "units"

    def __init__(self, units, use_bias=True, kernel_initializer="glorot_uniform", **kwargs):
        super().__init__(units, use_bias, kernel_initializer, **kwargs)
        self.units = units

    def build(self, inputs_shape):
        self._add_weights((inputs_shape[-1], self.units))

    def call(self, inputs, training=False):
        outputs = ops.matmul(inputs, self.normalized_kernel(training))
        return outputs + self.bias if self.use_bias else outputs

    def compute_output_shape(self, inputs_shape):
        return *inputs_shape[:-1], self.units

    def get_config(self):
        return {**super().get_config(), "units": self.units}
