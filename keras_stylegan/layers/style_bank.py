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
        initializer: Keras initializer of all vectors.
        learning_rate_multiplier: float, learning rate of the vectors relative to that of other weights. A style is in
            few of the batches, so its vector falls behind the weights that all styles share. As in StyleGAN's mapping
            network the weights are stored divided by it, which speeds up optimizers of normalised steps such as Adam.

    Attributes:
        vectors: weight of shape `(num_styles, vector_size)`; times `learning_rate_multiplier` the styles' vectors.
        photograph: weight of shape `(vector_size,)`; times `learning_rate_multiplier` the photograph's vector.

    Call arguments:
        style_weights: tensor of shape `(batch, num_styles)`, rows that sum to 1.
        strength: tensor of shape `(batch,)`, 0 (the photograph) to 1 (the style).

    Output shape:
        `(batch, vector_size)`.
    """

    def __init__(self, num_styles, vector_size, initializer="zeros", learning_rate_multiplier=1.0, **kwargs):
        super().__init__(**kwargs)
        for name, value in (
            ("num_styles", num_styles),
            ("vector_size", vector_size),
            ("learning_rate_multiplier", learning_rate_multiplier),
        ):
            if value <= 0:
                raise ValueError(f"`{name}` must be positive. Received: {name}={value}")
        self.num_styles = num_styles
        self.vector_size = vector_size
        self.initializer = keras.initializers.get(initializer)
        self.learning_rate_multiplier = learning_rate_multiplier

    def build(self, style_weights_shape, strength_shape):
        self.vectors = self._add_vectors("vectors", (self.num_styles, self.vector_size))
        self.photograph = self._add_vectors("photograph", (self.vector_size,))

    def call(self, style_weights, strength):
        style = ops.matmul(ops.cast(style_weights, "float32"), ops.convert_to_tensor(self.vectors))
        photograph = ops.convert_to_tensor(self.photograph)
        moved = photograph + ops.cast(strength, "float32")[:, None] * (style - photograph)
        return self.learning_rate_multiplier * moved

    def _add_vectors(self, name, shape):
        def stored(shape, dtype=None):
            return self.initializer(shape, dtype) / self.learning_rate_multiplier

        return self.add_weight(name=name, shape=shape, initializer=stored, dtype="float32")

    def compute_output_shape(self, style_weights_shape, strength_shape=None):
        return style_weights_shape[0], self.vector_size

    def get_config(self):
        return {
            **super().get_config(),
            "num_styles": self.num_styles,
            "vector_size": self.vector_size,
            "initializer": keras.initializers.serialize(self.initializer),
            "learning_rate_multiplier": self.learning_rate_multiplier,
        }
