"""The last layer of a critic: features to one logit, with or without a class."""

import keras
from keras import layers, ops

from keras_stylegan.layers.spectral import SpectralDense


@keras.saving.register_keras_serializable(package="keras_stylegan")
class ScoreHead(layers.Layer):
    """Scores features by a linear map, plus their product with an embedding of the class.

    Args:
        num_classes: int, 0 for a critic without classes.
        use_bias: bool, of the linear map.
        spectral: bool, whether both maps are normalised by their spectral norm.

    Call arguments:
        features: tensor of shape `(batch, channels)`.
        labels: tensor of shape `(batch, num_classes)`, rows that sum to 1; None without classes.
        training: bool.

    Output shape:
        `(batch, 1)`, float32.

    Source: Miyato and Koyama 2018, "cGANs with Projection Discriminator", equation 4.
    """

    def __init__(self, num_classes=0, use_bias=True, spectral=False, **kwargs):
        super().__init__(**kwargs)
        if num_classes < 0:
            raise ValueError(f"`num_classes` must not be negative. Received: num_classes={num_classes}")
        self.num_classes = num_classes
        self.use_bias = use_bias
        self.spectral = spectral
        self.score = self._dense(1, use_bias, "score")

    def _dense(self, units, use_bias, name):
        kind = SpectralDense if self.spectral else layers.Dense
        initializer = keras.initializers.RandomNormal(stddev=0.02)
        return kind(units, use_bias=use_bias, kernel_initializer=initializer, dtype="float32", name=name)

    def build(self, features_shape, labels_shape=None):
        self.score.build(features_shape)
        if self.num_classes:
            self.embedding = self._dense(features_shape[-1], False, "embedding")
            self.embedding.build((None, self.num_classes))

    def call(self, features, labels=None, training=False):
        features = ops.cast(features, "float32")
        options = {"training": training} if self.spectral else {}
        logits = self.score(features, **options)
        if self.num_classes:
            embedded = self.embedding(ops.cast(labels, "float32"), **options)
            logits = logits + ops.sum(embedded * features, axis=-1, keepdims=True)
        return logits

    def compute_output_shape(self, features_shape, labels_shape=None):
        return features_shape[0], 1

    def get_config(self):
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "use_bias": self.use_bias,
            "spectral": self.spectral,
        }
