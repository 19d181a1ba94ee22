"""The U-Net of pix2pix, at any size and depth."""

import keras
from keras import ops

from keras_stylegan.layers.conv_blocks import ConvBlock, UpBlock, check_positive


@keras.saving.register_keras_serializable(package="keras_stylegan")
class UNetTranslator(keras.Model):
    """Picture in, picture out: halvings down to `1 / 2**depth` of the size and back, joined at every size.

    With 8 halvings it is pix2pix's U-Net-256 of 54,413,955 parameters. That one is normalised over batches of one
    picture, in use as in training, which is `"affine_instance"`: statistics of the picture itself.

    Args:
        depth: int, halvings.
        filters: int, channels of the first; doubled by each further one.
        max_filters: int, channels at most.
        channels: int, of the pictures that come in.
        out_channels: int, of those that come out.
        normalization: as in `ConvBlock`.
        dropout: float in [0, 1), in the first `depth - 5` steps back, in training alone.
        upsample: `"transposed"` or `"resize"` (then with 3x3 kernels), as in `ConvBlock`.

    Call arguments:
        images: tensor of shape `(batch, height, width, channels)` in [-1, 1], height and width multiples of `stride`.
        training: bool.

    Output shape:
        `(batch, height, width, out_channels)`, float32 in [-1, 1].

    Raises:
        ValueError: if an argument breaks its rule.

    Source: Isola et al. 2017, "Image-to-Image Translation with Conditional Adversarial Networks", section 6.1.1. The
    paper keeps dropout when it tests; here a picture has one translation.
    """

    def __init__(
        self,
        depth=8,
        filters=64,
        max_filters=512,
        channels=3,
        out_channels=3,
        normalization="affine_instance",
        dropout=0.5,
        upsample="transposed",
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_positive(
            depth=depth, filters=filters, max_filters=max_filters, channels=channels, out_channels=out_channels
        )
        self.depth = depth
        self.filters = filters
        self.max_filters = max_filters
        self.channels = channels
        self.out_channels = out_channels
        self.normalization = normalization
        self.dropout = dropout
        self.upsample = upsample
        self.widths = [min(filters * 2**i, max_filters) for i in range(depth)]
        # The authors leave the bias away next to a normalisation, also in the first and in the innermost convolution,
        # which have none: a single pixel has no spread.
        common = {"use_bias": normalization in ("instance", "none")}
        plain = (0, depth - 1)
        self.encoder = [
            ConvBlock(
                width,
                4,
                strides=2,
                normalization="none" if i in plain else normalization,
                activation="relu" if i == depth - 1 else "leaky_relu",
                name=f"down_{i + 1}",
                **common,
            )
            for i, width in enumerate(self.widths)
        ]
        kernel_size = 4 if upsample == "transposed" else 3
        common |= {"kernel_size": kernel_size, "upsample": upsample, "normalization": normalization}
        self.decoder = [
            UpBlock(width, dropout=dropout if i < depth - 5 else 0.0, name=f"up_{i + 1}", **common)
            for i, width in enumerate(reversed(self.widths[:-1]))
        ]
        self.head = ConvBlock(
            out_channels,
            kernel_size,
            upsample=upsample,
            normalization="none",
            activation="linear",
            name="head",
        )

    @property
    def stride(self):
        """Int, what height and width are to be multiples of."""
        return 2**self.depth

    def build(self, images_shape=None):
        shape, shapes = (None, None, None, self.channels), []
        for block in self.encoder:
            block.build(shape)
            shape = block.compute_output_shape(shape)
            shapes.append(shape)
        for block, skip in zip(self.decoder, reversed(shapes[:-1]), strict=True):
            block.build(shape, skip)
            shape = block.compute_output_shape(shape, skip)
        self.head.build(shape)
        self.built = True

    def call(self, images, training=False):
        x, skips = ops.cast(images, self.compute_dtype), []
        for block in self.encoder:
            x = block(x, training=training)
            skips.append(x)
        for block, skip in zip(self.decoder, reversed(skips[:-1]), strict=True):
            x = block(x, skip, training=training)
        return ops.tanh(ops.cast(self.head(x), "float32"))

    def compute_output_shape(self, images_shape):
        return *images_shape[:3], self.out_channels

    def get_config(self):
        names = ("depth", "filters", "max_filters", "channels", "out_channels", "normalization", "dropout", "upsample")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
