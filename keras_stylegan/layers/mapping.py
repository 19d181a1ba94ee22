"""The mapping network: from a latent to a style."""

import keras

from keras_stylegan.layers.equalized import LEAKY_GAIN, EqualizedDense
from keras_stylegan.ops.normalization import pixel_norm


@keras.saving.register_keras_serializable(package="keras_stylegan")
class MappingNetwork(keras.layers.Layer):
    """Normalises a vector and sends it through fully connected layers with leaky ReLU.

    Args:
        units: int, size of every layer and of the output.
        num_layers: int.
        learning_rate_multiplier: float, relative learning rate of the layers.
        normalize: bool, whether the input is brought to unit mean square first.

    Call arguments:
        inputs: tensor of shape `(batch, channels)`.

    Output shape:
        `(batch, units)`.

    Raises:
        ValueError: if an argument breaks its rule.

    Source: Karras et al. 2019, "A Style-Based Generator Architecture for Generative Adversarial Networks", section 2
    and appendix C.
    """

    def __init__(self, units, num_layers=8, learning_rate_multiplier=0.01, normalize=True, **kwargs):
        super().__init__(**kwargs)
        if num_layers < 1:
            raise ValueError(f"`num_layers` must be positive. Received: num_layers={num_layers}")
        self.units = units
        self.num_layers = num_layers
        self.learning_rate_multiplier = learning_rate_multiplier
        self.normalize = normalize
        self.denses = [
            EqualizedDense(
                units,
                "leaky_relu",
                LEAKY_GAIN,
                learning_rate_multiplier=learning_rate_multiplier,
                dtype=self.dtype_policy,
                name=f"dense_{i + 1}",
            )
            for i in range(num_layers)
        ]

    def build(self, inputs_shape):
        channels = inputs_shape[-1]
        for dense in self.denses:
            dense.build((None, channels))
            channels = self.units

    def call(self, inputs):
        x = pixel_norm(inputs) if self.normalize else inputs
        for dense in self.denses:
            x = dense(x)
        return x

    def compute_output_shape(self, inputs_shape):
        return inputs_shape[0], self.units

    def get_config(self):
        names = ("units", "num_layers", "learning_rate_multiplier", "normalize")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
