"""The feed-forward network of Johnson et al.: one network for one style, the baseline of the bank."""

import keras
from keras import layers, ops

from keras_stylegan.layers.normalized_convolution import NormalizedConv2D
from keras_stylegan.ops.padding import reflect_pad
from keras_stylegan.ops.resampling import upsample_nearest

# The original's 150 tanh around middle grey, in units of [-1, 1].
OUTPUT_RANGE = 150 / 127.5


@keras.saving.register_keras_serializable(package="keras_stylegan")
class JohnsonTransformer(keras.Model):
    """Photograph in, painted photograph out, in the one style that the network was trained on.

    Convolutions of 9x9, two halvings, residual blocks of dense 3x3 convolutions, two enlargements, 9x9: 1,679,235
    parameters at a width of 32. It is called as a `StyleTransformer` of one style; strength blends the pixels.

    Args:
        width: int, channels at the full size, doubled by each halving.
        num_blocks: int, residual blocks.

    Call arguments:
        inputs: dict of `images`, float `(batch, height, width, 3)`, RGB in [-1, 1], height and width multiples of
            `stride` and at least 8; `strength`, float `(batch,)` in [0, 1]. `style_weights` is not used.

    Returns:
        float32 tensor of the images' shape, values within [-1.18, 1.18].

    Raises:
        ValueError: if an argument is not positive.

    Source: Johnson et al. 2016, "Perceptual Losses for Real-Time Style Transfer" (arXiv 1603.08155), table 1 of the
    supplement; instance norm: Ulyanov et al. 2017. Deviations, those of its successors: reflection inside of the
    network for 40 pixels around the picture, nearest-neighbour resize and convolution for transposed convolutions,
    which leave checkerboards.
    """

    stride = 4
    num_styles = 1

    def __init__(self, width=32, num_blocks=5, **kwargs):
        super().__init__(**kwargs)
        if min(width, num_blocks) < 1:
            raise ValueError(
                f"`width` and `num_blocks` must be positive. Received: width={width}, num_blocks={num_blocks}"
            )
        self.width = width
        self.num_blocks = num_blocks
        # Each with the bias that the published networks have, and their normalisation takes out again.
        self.encoder = [
            NormalizedConv2D(width, 9, use_bias=True, name="stem"),
            NormalizedConv2D(2 * width, strides=2, use_bias=True, name="to_half"),
            NormalizedConv2D(4 * width, strides=2, use_bias=True, name="to_quarter"),
        ]
        self.blocks = [
            (
                NormalizedConv2D(4 * width, use_bias=True, name=f"block_{i}_a"),
                NormalizedConv2D(4 * width, activation="linear", use_bias=True, name=f"block_{i}_b"),
            )
            for i in range(num_blocks)
        ]
        self.decoder = [
            NormalizedConv2D(2 * width, use_bias=True, name="from_quarter"),
            NormalizedConv2D(width, use_bias=True, name="from_half"),
        ]
        self.to_rgb = layers.Conv2D(3, 9, dtype="float32", name="to_rgb")

    def build(self, input_shape=None):
        width = self.width
        convolutions = [*self.encoder, *(layer for block in self.blocks for layer in block), *self.decoder, self.to_rgb]
        inputs = [3, width, 2 * width, *[4 * width] * (2 * self.num_blocks + 1), 2 * width, width]
        for convolution, channels in zip(convolutions, inputs, strict=True):
            convolution.build((None, None, None, channels))
        self.built = True

    def call(self, inputs):
        images, strength = (ops.cast(inputs[name], "float32") for name in ("images", "strength"))
        return images + strength[:, None, None, None] * (self.paint(images) - images)

    def paint(self, images):
        """Paints images at full strength."""
        x = ops.cast(images, self.compute_dtype)
        for convolution in self.encoder:
            x = convolution(x)
        for first, second in self.blocks:
            x = x + second(first(x))
        for convolution in self.decoder:
            x = convolution(upsample_nearest(x))
        return OUTPUT_RANGE * ops.tanh(self.to_rgb(reflect_pad(x, 4)))

    def compute_output_shape(self, input_shape):
        return input_shape["images"]

    def get_config(self):
        return {**super().get_config(), "width": self.width, "num_blocks": self.num_blocks}


class OneStyle(keras.Model):
    """A network of one style as a translator like the others: what it paints at full strength.

    Args:
        network: built `JohnsonTransformer`.
    """

    channels = out_channels = 3

    def __init__(self, network):
        super().__init__(name=network.name)
        self.network = network
        self.stride = network.stride
        self.built = True

    def call(self, images):
        return self.network.paint(images)
