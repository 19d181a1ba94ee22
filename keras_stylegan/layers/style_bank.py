"""The bank: one learned vector a style, and one for the photograph itself."""

import keras
import numpy as np
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
        style_weights: tensor of shape `(batch, num_styles)`, or `(batch, regions, num_styles)`, rows that sum to 1, or
            to less by the share that `own` brings.
        strength: tensor of shape `(batch,)`, 0 (the photograph) to 1 (the style).
        own: optional tensor of shape `(batch, vector_size)`, or `(batch, regions, vector_size)`: what styles outside
            of the bank add to the mixture, their vectors times their shares.

    Output shape:
        `(batch, vector_size)`, or `(batch, regions, vector_size)`.
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

    def build(self, style_weights_shape, strength_shape=None, own_shape=None):
        self.vectors = self._add_vectors("vectors", (self.num_styles, self.vector_size))
        self.photograph = self._add_vectors("photograph", (self.vector_size,))

    def call(self, style_weights, strength, own=None):
        rows = ops.reshape(ops.cast(style_weights, "float32"), (-1, self.num_styles))
        style = ops.matmul(rows, ops.convert_to_tensor(self.vectors))
        if len(style_weights.shape) == 3:
            batch, regions, _ = ops.shape(style_weights)
            # At most one unknown side, so that LiteRT need not work out shapes.
            sides = (batch, -1) if style_weights.shape[1] is None else (-1, regions)
            style = ops.reshape(style, (*sides, self.vector_size))
        if own is not None:
            style = style + ops.cast(own, "float32") / self.learning_rate_multiplier
        strength = ops.reshape(ops.cast(strength, "float32"), (-1,) + (1,) * (len(style.shape) - 1))
        photograph = ops.convert_to_tensor(self.photograph)
        return self.learning_rate_multiplier * (photograph + strength * (style - photograph))

    def temper(self, strengths):
        """Moves each style along its line from the photograph: what was painted at a strength is then painted at 1.

        A style that leaves less of the photograph than others do is brought to them so, without training; the inverse
        strengths take it back.

        Args:
            strengths: floats greater than 0, one for each style.

        Raises:
            ValueError: if there are not as many, or one is not greater than 0.
        """
        strengths = np.asarray(strengths, "float32")
        if strengths.shape != (self.num_styles,) or not (strengths > 0).all():
            raise ValueError(
                f"`strengths` must hold {self.num_styles} numbers greater than 0. Received: {strengths.tolist()}"
            )
        vectors, photograph = (ops.convert_to_numpy(weight) for weight in (self.vectors, self.photograph))
        self.vectors.assign(photograph + strengths[:, None] * (vectors - photograph))

    def photograph_vector(self):
        """The vector at strength 0, of shape `(vector_size,)`."""
        return self.learning_rate_multiplier * ops.convert_to_tensor(self.photograph)

    def style_vectors(self):
        """The named styles' vectors, of shape `(num_styles, vector_size)`."""
        return self.learning_rate_multiplier * ops.convert_to_tensor(self.vectors)

    def _add_vectors(self, name, shape):
        def stored(shape, dtype=None):
            return self.initializer(shape, dtype) / self.learning_rate_multiplier

        return self.add_weight(name=name, shape=shape, initializer=stored, dtype="float32")

    def compute_output_shape(self, style_weights_shape, strength_shape=None, own_shape=None):
        return *style_weights_shape[:-1], self.vector_size

    def get_config(self):
        return {
            **super().get_config(),
            "num_styles": self.num_styles,
            "vector_size": self.vector_size,
            "initializer": keras.initializers.serialize(self.initializer),
            "learning_rate_multiplier": self.learning_rate_multiplier,
        }
