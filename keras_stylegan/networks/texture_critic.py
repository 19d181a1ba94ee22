"""A critic of fine detail: what tells an enlarged picture from a photograph."""

import keras
from keras import layers, ops

from keras_stylegan.networks.stages import check_sizes

SLOPE = 0.2


def halving_convolutions(filters, num_halvings):
    """A 3x3 convolution and a 4x4 convolution of stride 2 for each halving, whose channels double with it."""
    options = {"padding": "same", "kernel_initializer": "he_normal"}
    return [
        layer
        for i in range(num_halvings)
        for layer in (
            layers.Conv2D(filters * 2**i, 3, name=f"look_{i + 1}", **options),
            layers.Conv2D(filters * 2**i, 4, strides=2, name=f"halve_{i + 1}", **options),
        )
    ]


@keras.saving.register_keras_serializable(package="keras_stylegan")
class TextureCritic(keras.Model):
    """Scores every patch of a picture, which it looks at in full size before it halves it.

    A critic that begins with a stride compares pixels of one place in its grid with others of that place alone, and
    hears of single pixels through the first kernel only; detail is what enlarged pictures lack.

    Each halving is a 3x3 convolution and a 4x4 convolution of stride 2, whose kernel is a multiple of its stride, so
    that no pixel is seen more often than its neighbour. A score sees 36x36 pixels after three halvings.

    Args:
        filters: int, channels of the first convolutions; doubled with every halving.
        num_halvings: int.

    Call arguments:
        images: tensor of shape `(batch, height, width, 3)`, RGB in [-1, 1].

    Output shape:
        `(batch, height / 2**num_halvings, width / 2**num_halvings, 1)`, rounded up; float32.

    Raises:
        ValueError: if an argument is not positive.

    Source: Ledig et al. 2017, "SRGAN" (arXiv 1609.04802), figure 4. Deviations: scores of patches instead of one of the
    picture, 4x4 kernels where it halves, and no batch norm: R1 is a statement about each picture alone.
    """

    def __init__(self, filters=32, num_halvings=3, **kwargs):
        super().__init__(**kwargs)
        check_sizes(filters=filters, num_halvings=num_halvings)
        self.filters = filters
        self.num_halvings = num_halvings
        self.convolutions = halving_convolutions(filters, num_halvings)
        self.score = layers.Dense(1, dtype="float32", name="score")

    def build(self, images_shape=None):
        channels = 3
        for convolution in self.convolutions:
            convolution.build((None, None, None, channels))
            channels = convolution.filters
        self.score.build((None, None, None, channels))
        self.built = True

    def call(self, images):
        x = images
        for convolution in self.convolutions:
            x = ops.leaky_relu(convolution(x), SLOPE)
        return self.score(x)

    def compute_output_shape(self, images_shape):
        shrink = 2**self.num_halvings
        return images_shape[0], *(None if n is None else -(-n // shrink) for n in images_shape[1:3]), 1

    def get_config(self):
        return {**super().get_config(), "filters": self.filters, "num_halvings": self.num_halvings}
