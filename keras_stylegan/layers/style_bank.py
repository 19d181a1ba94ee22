"""The bank: one learned vector a style, and one for the photograph itself."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_stylegan")
class StyleBank(keras.layers.Layer):
    """Turns mixing weights and a strength into style vectors.

    A mixture is the convex combination of the styles' vectors (Dumoulin et al. 2017, section 3.2). Strength moves it
    along the straight line from the vector of the photograph, which is trained to repaint the photograph itself.

    Args:
        num_styles: int, named styles held.
        vector_size: int, numbers that describe a style.
        initializer: Keras initializer of both weights.

    Call arguments:
        style_weights: tensor of shape `(batch, num_styles)`, rows that sum to 1.
        strength: tensor of shape `(batch,)`, 0 (the photograph) to 1 (the style).

    Output shape:
        `(batch, vector_size)`.
    """

    def __init__(self, num_styles, vector_size, initializer="zeros", **kwargs):
        super().__init__(**kwargs)
        for name, value in (("num_styles", num_styles), ("vector_size", vector_size)):
            if value < 1:
                raise ValueError(f"`{name}` must be positive. Received: {name}={value}")
        self.num_styles = num_styles
        self.vector_size = vector_size
        self.initializer = keras.initializers.get(initializer)

    def build(self, style_weights_shape, strength_shape):
        self.vectors = self.add_weight(
            name="vectors", shape=(self.num_styles, self.vector_size), initializer=self.initializer, dtype="float32"
        )
        self.photograph = self.add_weight(
            name="photograph", shape=(self.vector_size,), initializer=self.initializer, dtype="float32"
        )

    def call(self, style_weights, strength):
        style = ops.matmul(ops.cast(style_weights, "float32"), ops.convert_to_tensor(self.vectors))
        photograph = ops.convert_to_tensor(self.photograph)
        return photograph + ops.cast(strength, "float32")[:, None] * (style - photograph)

    def compute_output_shape(self, style_weights_shape, strength_shape=None):
        return style_weights_shape[0], self.vector_size

    def get_config(self):
        return {
            **super().get_config(),
            "num_styles": self.num_styles,
            "vector_size": self.vector_size,
            "initializer": keras.initializers.serialize(self.initializer),
        }
