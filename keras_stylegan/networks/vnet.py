"""A residual U-Net after V-Net."""

import keras
from keras import layers, ops

from keras_stylegan.layers.conv_blocks import ConvBlock, UpBlock, check_positive


@keras.saving.register_keras_serializable(package="keras_stylegan")
class VNetTranslator(keras.Model):
    """Picture in, picture out: a U-Net whose stages learn residuals and whose sizes change by 2x2 convolutions.

    Args:
        num_convolutions: sequence of ints, convolutions in the stage at each size, the full size first; one halving
            lies between two stages.
        filters: int, channels at the full size; doubled at each smaller one.
        max_filters: int, channels at most.
        kernel_size: int, of the stages' convolutions.
        channels: int, of the pictures that come in.
        out_channels: int, of those that come out.
        normalization: as in `ConvBlock`.

    Call arguments:
        images: tensor of shape `(batch, height, width, channels)` in [-1, 1], height and width multiples of `stride`
            and at least `min_side`.
        training: bool.

    Output shape:
        `(batch, height, width, out_channels)`, float32 in [-1, 1].

    Raises:
        ValueError: if an argument breaks its rule.

    Source: Milletari et al. 2016, "V-Net", figure 2, in two dimensions. ReLU stands for PReLU, a 1x1 convolution
    brings the picture to the first stage's channels, and stages are normalised, which V-Net's are not.
    """

    def __init__(
        self,
        num_convolutions=(1, 2, 3, 3, 3),
        filters=16,
        max_filters=256,
        kernel_size=5,
        channels=3,
        out_channels=3,
        normalization="affine_instance",
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_positive(filters=filters, max_filters=max_filters, channels=channels, out_channels=out_channels)
        if len(num_convolutions) < 2 or min(num_convolutions) < 1:
            raise ValueError(
                f"`num_convolutions` must be two or more positive numbers. Received: {list(num_convolutions)}"
            )
        self.num_convolutions = list(num_convolutions)
        self.filters = filters
        self.max_filters = max_filters
        self.kernel_size = kernel_size
        self.channels = channels
        self.out_channels = out_channels
        self.normalization = normalization
        self.widths = [min(filters * 2**i, max_filters) for i in range(len(num_convolutions))]
        options = {"normalization": normalization}
        self.stem = layers.Conv2D(self.widths[0], 1, name="stem")
        self.down = [
            ConvBlock(width, 2, strides=2, name=f"down_{i + 1}", **options) for i, width in enumerate(self.widths[1:])
        ]
        self.encoder = [
            self._stage(width, count, f"encoder_{i + 1}")
            for i, (width, count) in enumerate(zip(self.widths, self.num_convolutions, strict=True))
        ]
        back = list(zip(self.widths, self.num_convolutions, strict=True))[-2::-1]
        self.up = [UpBlock(width, 2, name=f"up_{i + 1}", **options) for i, (width, _) in enumerate(back)]
        self.decoder = [self._stage(width, count, f"decoder_{i + 1}") for i, (width, count) in enumerate(back)]
        self.head = layers.Conv2D(out_channels, 1, dtype="float32", name="head")

    def _stage(self, width, count, name):
        return [
            ConvBlock(width, self.kernel_size, normalization=self.normalization, name=f"{name}_{i + 1}")
            for i in range(count)
        ]

    @property
    def stride(self):
        """Int, what height and width are to be multiples of."""
        return 2 ** (len(self.widths) - 1)

    @property
    def min_side(self):
        """Int, the smallest height and width: a single pixel at the deepest stage has no spread to be normalised by."""
        return self.stride * (2 if self.normalization.endswith("instance") else 1)

    def build(self, images_shape=None):
        def shape(channels):
            return None, None, None, channels

        self.stem.build(shape(self.channels))
        for block, width in zip(self.down, self.widths[:-1], strict=True):
            block.build(shape(width))
        for stage, width in zip(self.encoder, self.widths, strict=True):
            for block in stage:
                block.build(shape(width))
        below = self.widths[-1]
        for block, stage, width in zip(self.up, self.decoder, self.widths[-2::-1], strict=True):
            block.build(shape(below), shape(width))
            for i, convolution in enumerate(stage):
                convolution.build(shape(width if i else 2 * width))
            below = width
        self.head.build(shape(below))
        self.built = True

    def call(self, images, training=False):
        x, skips = self.stem(ops.cast(images, self.compute_dtype)), []
        for i, stage in enumerate(self.encoder):
            if i:
                x = self.down[i - 1](x, training=training)
            x = x + _chain(stage, x, training)
            skips.append(x)
        for block, stage, skip in zip(self.up, self.decoder, reversed(skips[:-1]), strict=True):
            joined = block(x, skip, training=training)
            # What came up from below is the first half of what is joined.
            x = joined[..., : block.filters] + _chain(stage, joined, training)
        return ops.tanh(self.head(ops.cast(x, "float32")))

    def compute_output_shape(self, images_shape):
        return *images_shape[:3], self.out_channels

    def get_config(self):
        names = ("num_convolutions", "filters", "max_filters", "kernel_size", "channels", "out_channels")
        return {**super().get_config(), **{name: getattr(self, name) for name in (*names, "normalization")}}


def _chain(blocks, x, training):
    for block in blocks:
        x = block(x, training=training)
    return x
