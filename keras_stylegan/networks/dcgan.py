"""The convolutional generator and critic of DCGAN, one family for every loss."""

import keras
from keras import layers, ops

from keras_stylegan.layers.score_head import ScoreHead
from keras_stylegan.layers.spectral import SpectralConv2D
from keras_stylegan.networks.stages import check_sizes, resolutions, stage_widths

CONDITIONINGS = ("projection", "embedding")


@keras.saving.register_keras_serializable(package="keras_stylegan")
class DCGANGenerator(keras.Model):
    """Latents in, pictures out: a dense layer, then transposed 4x4 convolutions that double the size.

    Args:
        size: `(height, width)` of the pictures, in pixels; halved as often as possible gives the first size
            (`networks.stages.resolutions`), so any size has a generator.
        channels: int, 1 (grey), 3 (RGB) or 4 (RGB and alpha).
        latent_dim: int.
        filters: int, channels before the last convolution; twice as many at each half of the size.
        max_filters: int, channels at most.
        normalization: `"batch"` or `"none"`.
        num_classes: int, 0 for a generator without classes; a class is concatenated to the latent.

    Call arguments:
        latents: tensor of shape `(batch, latent_dim)`.
        labels: tensor of shape `(batch, num_classes)`, rows that sum to 1; None without classes.
        training: bool.

    Output shape:
        `(batch, height, width, channels)`, float32 in [-1, 1].

    Raises:
        ValueError: if an argument breaks its rule.

    Source: Radford et al. 2016, "Unsupervised Representation Learning with Deep Convolutional Generative Adversarial
    Networks", section 3. Kernels are 4x4, not 5x5: a multiple of the stride, which paints no checkerboard.
    """

    def __init__(
        self,
        size=(64, 64),
        channels=3,
        latent_dim=100,
        filters=64,
        max_filters=512,
        normalization="batch",
        num_classes=0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_sizes(num_classes, channels=channels, latent_dim=latent_dim, filters=filters, max_filters=max_filters)
        if normalization not in ("batch", "none"):
            raise ValueError(f'`normalization` must be "batch" or "none". Received: normalization={normalization!r}')
        self.size = tuple(size)
        self.channels = channels
        self.latent_dim = latent_dim
        self.filters = filters
        self.max_filters = max_filters
        self.normalization = normalization
        self.num_classes = num_classes
        self.sizes = resolutions(self.size)
        # Channels at every size but the last.
        self.widths = stage_widths(max(1, len(self.sizes) - 1), filters, max_filters)
        height, width = self.sizes[0]
        use_bias = normalization == "none"
        self.project = layers.Dense(
            height * width * self.widths[0], use_bias=use_bias, kernel_initializer=normal(), name="project"
        )
        self.grow = [_transposed(units, use_bias, f"conv_{i + 1}") for i, units in enumerate(self.widths[1:])]
        self.norms = [_batch_norm(f"norm_{i}") for i in range(len(self.widths))] if not use_bias else []
        if len(self.sizes) > 1:
            self.to_image = _transposed(channels, False, "to_image")
        else:  # a size that cannot be halved is the base itself
            self.to_image = layers.Conv2D(
                channels, 3, padding="same", use_bias=False, kernel_initializer=normal(), name="to_image"
            )

    def build(self, latents_shape=None, labels_shape=None):
        self.project.build((None, self.latent_dim + self.num_classes))
        for i, width in enumerate(self.widths):
            if self.norms:
                self.norms[i].build((None, None, None, width))
            following = self.grow[i] if i < len(self.grow) else self.to_image
            following.build((None, None, None, width))
        self.built = True

    def call(self, latents, labels=None, training=False):
        x = ops.cast(latents, self.compute_dtype)
        if self.num_classes:
            x = ops.concatenate([x, ops.cast(labels, x.dtype)], axis=-1)
        x = ops.reshape(self.project(x), (-1, *self.sizes[0], self.widths[0]))
        for i, layer in enumerate([*self.grow, self.to_image]):
            if self.norms:
                x = self.norms[i](x, training=training)
            x = layer(ops.relu(x))
        return ops.tanh(ops.cast(x, "float32"))

    def compute_output_shape(self, latents_shape, labels_shape=None):
        return latents_shape[0], *self.size, self.channels

    def get_config(self):
        names = ("size", "channels", "latent_dim", "filters", "max_filters", "normalization", "num_classes")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@keras.saving.register_keras_serializable(package="keras_stylegan")
class DCGANCritic(keras.Model):
    """Pictures in, one logit each out: strided 4x4 convolutions with leaky ReLU.

    Args:
        size: `(height, width)` of the pictures, in pixels.
        channels: int, of the pictures.
        filters: int, channels of the first convolution; doubled by each further one.
        max_filters: int, channels at most.
        normalization: `"batch"` (as in the paper; on all convolutions but the first), `"spectral"` (on all weights) or
            `"none"`. A gradient penalty is a statement about each picture alone, which batch statistics would break.
        num_classes: int, 0 for a critic without classes.
        conditioning: how a class enters: `"projection"` on the features, or `"embedding"` as one more map beside the
            picture's channels (Mirza and Osindero 2014).

    Call arguments:
        images: tensor of shape `(batch, height, width, channels)` in [-1, 1].
        labels: tensor of shape `(batch, num_classes)`, rows that sum to 1; None without classes.
        training: bool.

    Output shape:
        `(batch, 1)`, float32.

    Raises:
        ValueError: if an argument breaks its rule.

    Source: Radford et al. 2016, section 3.
    """

    def __init__(
        self,
        size=(64, 64),
        channels=3,
        filters=64,
        max_filters=512,
        normalization="batch",
        num_classes=0,
        conditioning="projection",
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_sizes(num_classes, channels=channels, filters=filters, max_filters=max_filters)
        if normalization not in ("batch", "spectral", "none"):
            raise ValueError(
                f'`normalization` must be "batch", "spectral" or "none". Received: normalization={normalization!r}'
            )
        if conditioning not in CONDITIONINGS:
            raise ValueError(
                f"`conditioning` must be one of {', '.join(CONDITIONINGS)}. Received: conditioning={conditioning!r}"
            )
        self.size = tuple(size)
        self.channels = channels
        self.filters = filters
        self.max_filters = max_filters
        self.normalization = normalization
        self.num_classes = num_classes
        self.conditioning = conditioning
        self.sizes = resolutions(self.size)
        self.widths = stage_widths(max(1, len(self.sizes) - 1), filters, max_filters)[::-1]
        #: From the picture inwards, the order in which `models.NoiseToImage` freezes them.
        self.blocks = [self._block(i, width) for i, width in enumerate(self.widths)]
        projected = num_classes if conditioning == "projection" else 0
        self.head = ScoreHead(projected, normalization != "batch", normalization == "spectral", name="head")
        self.embedding = None
        if num_classes and conditioning == "embedding":
            height, width = self.size
            self.embedding = layers.Dense(height * width, kernel_initializer=normal(), name="embedding")

    def _block(self, index, width):
        strides = 2 if len(self.sizes) > 1 else 1
        name = f"conv_{index + 1}"
        if self.normalization == "spectral":
            return (SpectralConv2D(width, 4, strides, name=name, kernel_initializer=normal()),)
        convolution = layers.Conv2D(
            width,
            4,
            strides,
            padding="same",
            use_bias=self.normalization == "none",
            kernel_initializer=normal(),
            name=name,
        )
        if self.normalization == "batch" and index > 0:
            return convolution, _batch_norm(f"norm_{index + 1}")
        return (convolution,)

    @property
    def feature_size(self):
        """Length of the vector that `features` returns for a picture."""
        height, width = self.sizes[0]
        return height * width * self.widths[-1]

    def build(self, images_shape=None, labels_shape=None):
        channels = self.channels
        if self.embedding is not None:
            self.embedding.build((None, self.num_classes))
            channels += 1
        for block in self.blocks:
            for layer in block:
                layer.build((None, None, None, channels))
                channels = block[0].filters
        self.head.build((None, self.feature_size), (None, self.num_classes))
        self.built = True

    def features(self, images, labels=None, training=False):
        """The vector before the score, of shape `(batch, feature_size)`; arguments as for the call."""
        x = ops.cast(images, self.compute_dtype)
        if self.embedding is not None:
            plane = ops.reshape(self.embedding(labels), (-1, *self.size, 1))
            x = ops.concatenate([x, ops.cast(plane, x.dtype)], axis=-1)
        for block in self.blocks:
            for layer in block:
                x = layer(x) if isinstance(layer, layers.Conv2D) else layer(x, training=training)
            x = ops.leaky_relu(x, 0.2)
        return ops.reshape(x, (-1, self.feature_size))

    def call(self, images, labels=None, training=False):
        return self.head(self.features(images, labels, training), labels, training=training)

    def compute_output_shape(self, images_shape, labels_shape=None):
        return images_shape[0], 1

    def get_config(self):
        names = ("size", "channels", "filters", "max_filters", "normalization", "num_classes", "conditioning")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def normal():
    """A fresh initializer of DCGAN's weights: one object would give every layer the same numbers."""
    return keras.initializers.RandomNormal(stddev=0.02)


def _transposed(filters, use_bias, name):
    return layers.Conv2DTranspose(
        filters, 4, 2, padding="same", use_bias=use_bias, kernel_initializer=normal(), name=name
    )


def _batch_norm(name):
    return layers.BatchNormalization(
        momentum=0.9, epsilon=1e-5, gamma_initializer=keras.initializers.RandomNormal(1.0, 0.02), name=name
    )
