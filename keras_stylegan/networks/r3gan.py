"""R3GAN's generator and critic: grouped inverted bottlenecks, no normalisation."""

import math

import keras
from keras import layers, ops

from keras_stylegan.layers.grouped import GroupedConv2D
from keras_stylegan.networks.stages import check_sizes, resolutions, stage_widths
from keras_stylegan.ops.fir import fir_downsample, fir_upsample

BLOCKS_PER_STAGE = 2
EXPANSION = 2
SLOPE = 0.2


def _variance(gain=1.0):
    """Weights from N(0, gain^2 / fan_in)."""
    if not gain:
        return keras.initializers.Zeros()
    return keras.initializers.VarianceScaling(gain**2, "fan_in", "untruncated_normal")


def _pointwise(filters, name, gain=1.0, **options):
    return layers.Conv2D(filters, 1, use_bias=False, kernel_initializer=_variance(gain), name=name, **options)


class _BottleneckBlock(layers.Layer):
    """x + W3 lrelu(b2 + G lrelu(b1 + W1 x)): W1 expands, G is a grouped 3x3 convolution, W3 contracts and starts at 0.

    Args:
        filters: int.
        group_width: int.
        num_blocks: int, L, residual blocks of the whole network: gains fall with its fourth root, so that the variance
            of L branches in a row stays put (Zhang et al. 2019, "Fixup Initialization").
    """

    def __init__(self, filters, group_width, num_blocks, **kwargs):
        super().__init__(**kwargs)
        gain = math.sqrt(2.0 / (1.0 + SLOPE**2)) * num_blocks**-0.25
        self.filters = filters
        self.expand = _pointwise(filters * EXPANSION, "expand", gain)
        # The kernel's fan-in, 9 * group_width, is what a group sees.
        self.grouped = GroupedConv2D(group_width, _variance(gain), name="grouped")
        self.contract = _pointwise(filters, "contract", 0.0)

    def build(self, features_shape):
        wide = (*features_shape[:-1], self.filters * EXPANSION)
        self.expand.build(features_shape)
        self.grouped.build(wide)
        self.contract.build(wide)
        self.biases = [self.add_weight(name=f"bias_{i}", shape=wide[-1:], initializer="zeros") for i in (1, 2)]

    def call(self, features):
        x = ops.leaky_relu(self.expand(features) + self.biases[0], SLOPE)
        x = ops.leaky_relu(self.grouped(x) + self.biases[1], SLOPE)
        return features + self.contract(x)


def _blocks(width, group_width, num_stages, name):
    total = BLOCKS_PER_STAGE * num_stages
    return [_BottleneckBlock(width, group_width, total, name=f"{name}_{i + 1}") for i in range(BLOCKS_PER_STAGE)]


@keras.saving.register_keras_serializable(package="keras_stylegan")
class R3GANGenerator(keras.Model):
    """Latents in, pictures out: a learned basis weighted by the latent, two bottleneck blocks at every size.

    Args:
        size: `(height, width)` of the pictures, in pixels, as for `DCGANGenerator`.
        channels: int, 1 (grey), 3 (RGB) or 4 (RGB and alpha).
        latent_dim: int, also the length of a class' embedding.
        filters: int, channels at the full size; twice as many at each half of it.
        max_filters: int, channels at most.
        group_width: int, channels of a group of the 3x3 convolutions; divides twice the channels of every stage.
        num_classes: int, 0 for a generator without classes; a class' embedding is concatenated to the latent.

    Call arguments:
        latents: tensor of shape `(batch, latent_dim)`.
        labels: tensor of shape `(batch, num_classes)`, rows that sum to 1; None without classes.
        training: bool, without effect.

    Output shape:
        `(batch, height, width, channels)`, float32; trained to lie in [-1, 1], which it may exceed a little.

    Raises:
        ValueError: if an argument breaks its rule.

    Source: Huang et al. 2024, "The GAN is dead; long live the GAN! A Modern Baseline GAN", section 4.
    """

    def __init__(
        self,
        size=(32, 32),
        channels=3,
        latent_dim=64,
        filters=768,
        max_filters=768,
        group_width=16,
        num_classes=0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_sizes(num_classes, channels=channels, latent_dim=latent_dim, filters=filters, max_filters=max_filters)
        self.size = tuple(size)
        self.channels = channels
        self.latent_dim = latent_dim
        self.filters = filters
        self.max_filters = max_filters
        self.group_width = group_width
        self.num_classes = num_classes
        self.sizes = resolutions(self.size)
        count = len(self.sizes)
        self.widths = stage_widths(count, filters, max_filters)
        self.embedding = None
        if num_classes:
            self.embedding = layers.Dense(
                latent_dim, use_bias=False, kernel_initializer=_variance(), dtype="float32", name="embedding"
            )
        self.project = layers.Dense(self.widths[0], use_bias=False, kernel_initializer=_variance(), name="project")
        self.transitions = [None] + [
            _pointwise(now, f"transition_{i + 1}") if now != before else None
            for i, (before, now) in enumerate(zip(self.widths, self.widths[1:], strict=False))
        ]
        self.stages = [_blocks(width, group_width, count, f"block_{i}") for i, width in enumerate(self.widths)]
        self.to_image = _pointwise(channels, "to_image", dtype="float32")

    def build(self, latents_shape=None, labels_shape=None):
        if self.embedding is not None:
            self.embedding.build((None, self.num_classes))
        self.project.build((None, self.latent_dim * (2 if self.num_classes else 1)))
        self.basis = self.add_weight(
            name="basis", shape=(1, *self.sizes[0], self.widths[0]), initializer=keras.initializers.RandomNormal(0, 1)
        )
        before = self.widths[0]
        for transition, stage, width in zip(self.transitions, self.stages, self.widths, strict=True):
            if transition is not None:
                transition.build((None, None, None, before))
            for block in stage:
                block.build((None, None, None, width))
            before = width
        self.to_image.build((None, None, None, before))
        self.built = True

    def call(self, latents, labels=None, training=False):
        x = ops.cast(latents, self.compute_dtype)
        if self.embedding is not None:
            x = ops.concatenate([x, ops.cast(self.embedding(labels), x.dtype)], axis=-1)
        x = self.project(x)[:, None, None] * ops.cast(self.basis, self.compute_dtype)
        for i, (transition, stage) in enumerate(zip(self.transitions, self.stages, strict=True)):
            x = x if transition is None else transition(x)
            x = fir_upsample(x) if i else x
            for block in stage:
                x = block(x)
        return self.to_image(ops.cast(x, "float32"))

    def compute_output_shape(self, latents_shape, labels_shape=None):
        return latents_shape[0], *self.size, self.channels

    def get_config(self):
        names = ("size", "channels", "latent_dim", "filters", "max_filters", "group_width", "num_classes")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@keras.saving.register_keras_serializable(package="keras_stylegan")
class R3GANCritic(keras.Model):
    """Pictures in, one logit each out: the generator's stages in reverse.

    Args:
        size: `(height, width)` of the pictures, in pixels.
        channels: int, of the pictures.
        filters: int, channels at the full size; twice as many at each half of it.
        max_filters: int, channels at most.
        group_width: int, channels of a group of the 3x3 convolutions.
        num_classes: int, 0 for a critic without classes; a class enters by projection.

    Call arguments:
        images: tensor of shape `(batch, height, width, channels)` in [-1, 1].
        labels: tensor of shape `(batch, num_classes)`, rows that sum to 1; None without classes.
        training: bool, without effect.

    Output shape:
        `(batch, 1)`, float32.

    Raises:
        ValueError: if an argument breaks its rule.

    Source: Huang et al. 2024, section 4.
    """

    def __init__(
        self, size=(32, 32), channels=3, filters=768, max_filters=768, group_width=16, num_classes=0, **kwargs
    ):
        super().__init__(**kwargs)
        check_sizes(num_classes, channels=channels, filters=filters, max_filters=max_filters)
        self.size = tuple(size)
        self.channels = channels
        self.filters = filters
        self.max_filters = max_filters
        self.group_width = group_width
        self.num_classes = num_classes
        self.sizes = resolutions(self.size)[::-1]
        count = len(self.sizes)
        self.widths = stage_widths(count, filters, max_filters)[::-1]
        self.from_image = _pointwise(self.widths[0], "from_image")
        self.transitions = [
            _pointwise(after, f"transition_{i + 1}") if after != now else None
            for i, (now, after) in enumerate(zip(self.widths, self.widths[1:], strict=False))
        ] + [None]
        self.stages = [_blocks(width, group_width, count, f"block_{i}") for i, width in enumerate(self.widths)]
        #: From the picture inwards, the order in which `models.NoiseToImage` freezes them.
        self.blocks = [
            (*([self.from_image] if i == 0 else []), *stage, *([] if transition is None else [transition]))
            for i, (stage, transition) in enumerate(zip(self.stages, self.transitions, strict=True))
        ]
        exact = {"use_bias": False, "dtype": "float32"}
        # One output sees one channel: Keras would count all channels as its fan-in.
        initializer = keras.initializers.RandomNormal(stddev=math.prod(self.sizes[-1]) ** -0.5)
        self.pool = layers.DepthwiseConv2D(self.sizes[-1], depthwise_initializer=initializer, name="pool", **exact)
        # With classes the score is the product of two vectors, each of the features' length.
        units = self.feature_size if num_classes else 1
        self.score = layers.Dense(units, kernel_initializer=_variance(), name="score", **exact)
        self.embedding = None
        if num_classes:
            gain = units**-0.5
            self.embedding = layers.Dense(units, kernel_initializer=_variance(gain), name="embedding", **exact)

    @property
    def feature_size(self):
        """Length of the vector that `features` returns for a picture."""
        return self.widths[-1]

    def build(self, images_shape=None, labels_shape=None):
        self.from_image.build((None, None, None, self.channels))
        for transition, stage, width in zip(self.transitions, self.stages, self.widths, strict=True):
            for block in stage:
                block.build((None, None, None, width))
            if transition is not None:
                transition.build((None, None, None, width))
        self.pool.build((None, None, None, self.widths[-1]))
        self.score.build((None, self.widths[-1]))
        if self.embedding is not None:
            self.embedding.build((None, self.num_classes))
        self.built = True

    def features(self, images, labels=None, training=False):
        """The vector before the score, of shape `(batch, feature_size)`; arguments as for the call."""
        x = self.from_image(ops.cast(images, self.compute_dtype))
        for i, (transition, stage) in enumerate(zip(self.transitions, self.stages, strict=True)):
            for block in stage:
                x = block(x)
            x = fir_downsample(x) if i < len(self.stages) - 1 else x
            x = x if transition is None else transition(x)
        return ops.reshape(self.pool(ops.cast(x, "float32")), (-1, self.feature_size))

    def call(self, images, labels=None, training=False):
        scores = self.score(self.features(images))
        if self.embedding is None:
            return scores
        return ops.sum(scores * self.embedding(ops.cast(labels, "float32")), axis=-1, keepdims=True)

    def compute_output_shape(self, images_shape, labels_shape=None):
        return images_shape[0], 1

    def get_config(self):
        names = ("size", "channels", "filters", "max_filters", "group_width", "num_classes")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
