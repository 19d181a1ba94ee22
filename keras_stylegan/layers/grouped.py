"""Grouped convolution that trains on every device."""

import keras
from keras import ops

from keras_stylegan.ops.gradients import grouped_convolution_differentiates
from keras_stylegan.ops.grouped import grouped_conv, grouped_conv_by_taps

FORMS = ("auto", "grouped", "taps")


@keras.saving.register_keras_serializable(package="keras_stylegan")
class GroupedConv2D(keras.layers.Layer):
    """Zero-padded 3x3 convolution of groups of channels, without bias, to as many channels.

    Args:
        group_width: int, channels of a group.
        kernel_initializer: Keras initializer.
        form: `"grouped"`, the backend's grouped convolution; `"taps"`, a product of matrices for each tap, which
            differentiates everywhere; `"auto"`, the first where its gradient runs.

    Call arguments:
        features: tensor of shape `(batch, height, width, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: if `group_width` is not positive or does not divide the channels, or `form` is unknown.

    Source: Xie et al. 2017, "Aggregated Residual Transformations for Deep Neural Networks", figure 3 c.
    """

    def __init__(self, group_width=16, kernel_initializer="glorot_uniform", form="auto", **kwargs):
        super().__init__(**kwargs)
        if group_width < 1:
            raise ValueError(f"`group_width` must be positive. Received: group_width={group_width}")
        if form not in FORMS:
            raise ValueError(f"`form` must be one of {', '.join(FORMS)}. Received: form={form!r}")
        self.group_width = group_width
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.form = form

    def build(self, features_shape):
        channels = features_shape[-1]
        if channels % self.group_width:
            raise ValueError(
                f"`group_width` must divide the channels. Received: group_width={self.group_width}, channels={channels}"
            )
        self.kernel = self.add_weight(
            name="kernel", shape=(3, 3, self.group_width, channels), initializer=self.kernel_initializer
        )
        grouped = self.form == "grouped"
        if self.form == "auto":
            grouped = grouped_convolution_differentiates(self.compute_dtype)
        self._convolve = grouped_conv if grouped else grouped_conv_by_taps

    def call(self, features):
        return self._convolve(features, ops.convert_to_tensor(self.kernel))

    def compute_output_shape(self, features_shape):
        return features_shape

    def get_config(self):
        return {
            **super().get_config(),
            "group_width": self.group_width,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "form": self.form,
        }
