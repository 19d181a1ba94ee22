"""From any picture to the style vector with which a stylisation network paints like it."""

import keras
import numpy as np
from keras import ops

from keras_stylegan.networks.perceptual import STYLE_TAPS, PerceptualNetwork
from keras_stylegan.ops.statistics import gram_matrix, moments

_VARIANCE_EPSILON = 1e-5
_ROOT_EPSILON = 1e-4


@keras.saving.register_keras_serializable(package="keras_stylegan")
class StylePredictor(keras.Model):
    """Statistics of a picture's features in, a style vector out.

    What a style loss compares is what the predictor reads: means and deviations of the features of a perceptual network
    at four depths, and Gram matrices of learnt projections of them. Two hidden layers turn these into the vector,
    counted from the mean of the bank's styles in units of their spread; so an untrained predictor gives that mean. It
    computes in float32 whatever the policy: Gram matrices sum tens of thousands of products.

    Args:
        vector_size: int, numbers in a style vector.
        perceptual_widths: `widths` of the `PerceptualNetwork`; by default those of the packaged predictor.
        num_projections: int, features kept of each depth for its Gram matrix.
        hidden: int, units of the hidden layers.

    Attributes:
        perceptual: the `PerceptualNetwork`, frozen.
        center, spread: weights of shape `(vector_size,)`; see `calibrate`.

    Call arguments:
        images: float tensor of shape `(batch, height, width, 3)`, RGB in [-1, 1], at least 16 pixels on each side.

    Output shape:
        `(batch, vector_size)`, float32.

    Raises:
        ValueError: if an argument is not positive.

    Source: Ghiasi et al. 2017, "Exploring the structure of a real-time, arbitrary neural artistic stylization network"
    (arXiv 1705.06830), section 3. Deviation: Gram statistics of a small perceptual network in place of Inception's
    pooled features: some 40 paintings do not teach a large network.
    """

    def __init__(
        self,
        vector_size,
        perceptual_widths=((16, 16), (32, 32), (64, 64, 64), (128,)),
        num_projections=24,
        hidden=64,
        **kwargs,
    ):
        super().__init__(**{"dtype": "float32", **kwargs})
        for name, value in (("vector_size", vector_size), ("num_projections", num_projections), ("hidden", hidden)):
            if value < 1:
                raise ValueError(f"`{name}` must be positive. Received: {name}={value}")
        self.vector_size = vector_size
        self.perceptual_widths = tuple(tuple(stage) for stage in perceptual_widths)
        self.num_projections = num_projections
        self.hidden = hidden
        policy = self.dtype_policy
        self.perceptual = PerceptualNetwork(perceptual_widths, padding="reflect", dtype=policy, name="perceptual")
        self.first = keras.layers.Dense(hidden, activation="relu", dtype=policy, name="first")
        self.second = keras.layers.Dense(hidden, activation="relu", dtype=policy, name="second")
        self.last = keras.layers.Dense(vector_size, kernel_initializer="zeros", dtype=policy, name="last")

    def build(self, input_shape=None):
        self.perceptual.build()
        widths = [self.perceptual_widths[int(tap[4]) - 1][0] for tap in STYLE_TAPS]
        self.projections = [
            self.add_weight(
                name=f"projection_{tap}",
                shape=(width, self.num_projections),
                initializer="orthogonal",
            )
            for tap, width in zip(STYLE_TAPS, widths, strict=True)
        ]
        products = self.num_projections * (self.num_projections + 1) // 2
        size = 2 * sum(widths) + len(STYLE_TAPS) * products
        self.statistics_mean = self._add_constant("statistics_mean", size, "zeros")
        self.statistics_scale = self._add_constant("statistics_scale", size, "ones")
        self.center = self._add_constant("center", self.vector_size, "zeros")
        self.spread = self._add_constant("spread", self.vector_size, "ones")
        self.first.build((None, size))
        self.second.build((None, self.hidden))
        self.last.build((None, self.hidden))
        self.built = True

    def call(self, images):
        return self.from_features(self.perceptual(images))

    def from_features(self, features):
        """The style vectors of pictures whose features at `STYLE_TAPS`, those of `perceptual`, are known."""
        x = (self._statistics(features) - self.statistics_mean) * self.statistics_scale
        x = self.second(self.first(x))
        return self.last(x) * self.spread + self.center

    def calibrate(self, pictures, vectors):
        """Sets the units in which the predictor reads and answers.

        Args:
            pictures: list of float arrays `(height, width, 3)` in [-1, 1], pictures of many styles.
            vectors: float array `(styles, vector_size)`, style vectors of the bank.
        """
        rows = np.concatenate(
            [ops.convert_to_numpy(self._statistics(self.perceptual(picture[None]))) for picture in pictures]
        )
        deviation = rows.std(axis=0)
        self.statistics_mean.assign(rows.mean(axis=0))
        self.statistics_scale.assign(1 / np.maximum(deviation, 0.01 * deviation.mean() + 1e-6))
        spread = vectors.std(axis=0)
        self.center.assign(vectors.mean(axis=0))
        self.spread.assign(np.maximum(spread, 0.1 * spread.mean() + 1e-3))

    def compute_output_shape(self, input_shape):
        return input_shape[0], self.vector_size

    def get_config(self):
        return {
            **super().get_config(),
            "vector_size": self.vector_size,
            "perceptual_widths": self.perceptual_widths,
            "num_projections": self.num_projections,
            "hidden": self.hidden,
        }

    def _add_constant(self, name, size, initializer):
        return self.add_weight(name=name, shape=(size,), initializer=initializer, trainable=False)

    def _statistics(self, features):
        parts = []
        # The products of each pair of projections once: the matrix is symmetric.
        rows, columns = np.triu_indices(self.num_projections)
        for tap, projection in zip(STYLE_TAPS, self.projections, strict=True):
            projection = ops.convert_to_tensor(projection)
            gram = ops.matmul(ops.transpose(projection), ops.matmul(gram_matrix(features[tap]), projection))
            gram = ops.reshape(gram, (-1, self.num_projections**2))
            products = ops.take(gram, rows * self.num_projections + columns, axis=1)
            # A root brings products to the scale of features; smooth at 0, where it has a finite slope.
            roots = products * ops.rsqrt(ops.abs(products) + _ROOT_EPSILON)
            parts += [*moments(features[tap], _VARIANCE_EPSILON), roots]
        return ops.concatenate(parts, axis=-1)
