"""The head that reads codes back from pictures."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="keras_stylegan")
class CodeHead(layers.Layer):
    """Reads codes from a critic's features: InfoGAN's Q, which shares the critic's body.

    Args:
        code_size: int, numbers to read.
        units: int, size of the hidden layer.

    Call arguments:
        features: tensor of shape `(batch, channels)`.

    Output shape:
        `(batch, code_size)`, float32: logits of categories, and means.

    Raises:
        ValueError: if a size is not positive.

    Source: Chen et al. 2016, section 5 and appendix C.
    """

    def __init__(self, code_size, units=128, **kwargs):
        super().__init__(**kwargs)
        for name, value in (("code_size", code_size), ("units", units)):
            if value < 1:
                raise ValueError(f"`{name}` must be positive. Received: {name}={value}")
        self.code_size = code_size
        self.units = units
        self.hidden = layers.Dense(units, dtype="float32", name="hidden")
        self.read = layers.Dense(code_size, dtype="float32", name="read")

    def build(self, features_shape):
        self.hidden.build(features_shape)
        self.read.build((None, self.units))

    def call(self, features):
        return self.read(ops.leaky_relu(self.hidden(ops.cast(features, "float32")), 0.2))

    def compute_output_shape(self, features_shape):
        return features_shape[0], self.code_size

    def get_config(self):
        return {**super().get_config(), "code_size": self.code_size, "units": self.units}
