"""A translator whose encoder is a pretrained classifier."""

import keras
from keras import layers, ops

from keras_stylegan.layers.normalized_convolution import NormalizedConv2D
from keras_stylegan.networks.backbone_trunk import LEVELS, BackboneTrunk
from keras_stylegan.ops.resampling import resize_bilinear


@keras.saving.register_keras_serializable(package="keras_stylegan")
class BackboneUNet(keras.Model):
    """Picture in, picture out: a classifier's features on the way down, a U-Net's decoder on the way up.

    Features of odd size (InceptionV3's) need no padding: the decoder enlarges to the size of what it is joined with.

    Args:
        backbone, levels, weights, frozen: of the encoder, as in `BackboneTrunk`.
        filters: int, channels of the decoder at the full size; doubled by each halving.
        max_filters: int, channels at most.
        out_channels: int, of the result.
        num_classes: int, 0 for a translator without classes. A class is added to the deepest features.

    Call arguments:
        images: float tensor of shape `(batch, height, width, 3)`, RGB in [-1, 1], both sides at least `min_side`: 32,
            of InceptionV3 43 with four levels and 75 with five.
        labels: tensor of shape `(batch, num_classes)`, rows that sum to 1; None without classes.
        training: bool.

    Output shape:
        `(batch, height, width, out_channels)`, float32 in [-1, 1].

    Raises:
        ValueError: if an argument breaks its rule.

    Source: Ronneberger et al. 2015, "U-Net", with a pretrained encoder as Iglovikov and Shvets 2018, "TernausNet".
    """

    channels = 3

    def __init__(
        self,
        backbone,
        levels=LEVELS,
        weights=None,
        frozen=False,
        filters=16,
        max_filters=256,
        out_channels=3,
        num_classes=0,
        **kwargs,
    ):
        super().__init__(autocast=False, **kwargs)
        if min(filters, max_filters, out_channels) < 1 or num_classes < 0:
            raise ValueError(
                "`filters`, `max_filters` and `out_channels` must be positive, `num_classes` not negative. Received: "
                f"filters={filters}, max_filters={max_filters}, out_channels={out_channels}, num_classes={num_classes}"
            )
        self.filters = filters
        self.max_filters = max_filters
        self.out_channels = out_channels
        self.num_classes = num_classes
        self.trunk = BackboneTrunk(backbone, levels, weights, frozen, name="trunk")
        policy = self.dtype_policy
        self.embedding = None
        if num_classes:
            self.embedding = layers.Dense(self.trunk.channels[-1], use_bias=False, dtype=policy, name="embedding")
        widths = [min(filters * 2**level, max_filters) for level in range(levels)]
        self.decoder = [
            NormalizedConv2D(width, activation="leaky_relu", dtype=policy, name=f"up_{level}")
            for level, width in reversed(list(enumerate(widths)))
        ]
        self.to_picture = layers.Conv2D(out_channels, 3, padding="same", dtype="float32", name="to_picture")

    @property
    def stride(self):
        """What users of translators bring height and width to: here a choice, every size is taken."""
        return 2**self.trunk.levels

    @property
    def min_side(self):
        """Int, the smallest height and width that the encoder takes."""
        return self.trunk.smallest

    def build(self, images_shape=None, labels_shape=None):
        channels = [3, *self.trunk.channels]
        if self.num_classes:
            self.embedding.build((None, self.num_classes))
        width = channels.pop()
        for convolution in self.decoder:
            convolution.build((None, None, None, width + channels.pop()))
            width = convolution.filters
        self.to_picture.build((None, None, None, width))
        self.built = True

    def call(self, images, labels=None, training=False):
        images = ops.cast(images, "float32")
        skips = [ops.cast(x, self.compute_dtype) for x in (images, *self.trunk(images, training=training).values())]
        x = skips.pop()
        if self.num_classes:
            x = x + self.embedding(ops.cast(labels, self.compute_dtype))[:, None, None]
        for convolution in self.decoder:
            skip = skips.pop()
            x = resize_bilinear(x, ops.shape(skip)[1:3])
            x = convolution(ops.concatenate([ops.cast(x, self.compute_dtype), skip], axis=-1))
        return ops.tanh(self.to_picture(ops.cast(x, "float32")))

    def compute_output_shape(self, images_shape, labels_shape=None):
        return *images_shape[:-1], self.out_channels

    def get_config(self):
        trunk = {name: value for name, value in self.trunk.get_config().items() if name in _TRUNK}
        names = ("filters", "max_filters", "out_channels", "num_classes")
        return {**super().get_config(), **trunk, **{name: getattr(self, name) for name in names}}


_TRUNK = ("backbone", "levels", "weights", "frozen")
