"""The residual generator and critic of SNGAN, "ResNet-32"."""

import keras
from keras import layers, ops

from keras_stylegan.layers.score_head import ScoreHead
from keras_stylegan.layers.spectral import SpectralConv2D
from keras_stylegan.networks.stages import check_sizes, resolutions
from keras_stylegan.ops.resampling import upsample_nearest


class _GeneratorBlock(layers.Layer):
    """norm - ReLU - double - 3x3 - norm - ReLU - 3x3, beside double - 1x1."""

    def __init__(self, filters, normalize, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.norms = [_batch_norm(f"norm_{i}") for i in (1, 2)] if normalize else []
        self.convolutions = [layers.Conv2D(filters, 3, padding="same", name=f"conv_{i}") for i in (1, 2)]
        self.shortcut = layers.Conv2D(filters, 1, name="shortcut")

    def build(self, features_shape):
        width = features_shape[-1]
        for i, convolution in enumerate(self.convolutions):
            if self.norms:
                self.norms[i].build((None, None, None, width))
            convolution.build((None, None, None, width))
            width = self.filters
        self.shortcut.build(features_shape)

    def call(self, features, training=False):
        x = features
        for i, convolution in enumerate(self.convolutions):
            x = ops.relu(self.norms[i](x, training=training) if self.norms else x)
            x = convolution(upsample_nearest(x) if i == 0 else x)
        return x + self.shortcut(upsample_nearest(features))


class _CriticBlock(layers.Layer):
    """ReLU - 3x3 - ReLU - 3x3 - halve, beside 1x1 - halve; without the first ReLU on a picture."""

    def __init__(self, filters, spectral, first=False, halve=True, **kwargs):
        super().__init__(**kwargs)
        self.filters, self.spectral, self.first, self.halve = filters, spectral, first, halve
        self.convolutions = [self._convolution(3, f"conv_{i}") for i in (1, 2)]
        self.shortcut = self._convolution(1, "shortcut") if first or halve else None

    def _convolution(self, kernel_size, name):
        if self.spectral:
            return SpectralConv2D(self.filters, kernel_size, name=name)
        return layers.Conv2D(self.filters, kernel_size, padding="same", name=name)

    def build(self, features_shape):
        self.convolutions[0].build(features_shape)
        self.convolutions[1].build((None, None, None, self.filters))
        if self.shortcut is not None:
            self.shortcut.build(features_shape)

    def call(self, features, training=False):
        options = {"training": training} if self.spectral else {}
        x = self.convolutions[0](features if self.first else ops.relu(features), **options)
        x = self._halved(self.convolutions[1](ops.relu(x), **options))
        if self.shortcut is None:
            return x + features
        # The mean commutes with a 1x1 convolution and is cheaper before it.
        return x + self.shortcut(self._halved(features), **options)

    def _halved(self, x):
        return ops.average_pool(x, 2, strides=2) if self.halve else x


@keras.saving.register_keras_serializable(package="keras_stylegan")
class ResNetGenerator(keras.Model):
    """Latents in, pictures out: a residual block for each doubling, all of one width.

    Args:
        size: `(height, width)` of the pictures, in pixels, as for `DCGANGenerator`.
        channels: int, 1 (grey), 3 (RGB) or 4 (RGB and alpha).
        latent_dim: int.
        filters: int, channels of every block.
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

    Source: Miyato et al. 2018, "Spectral Normalization for Generative Adversarial Networks", table 4. At 32x32 and 256
    filters it is theirs; the class is concatenated, not put into the normalisation.
    """

    def __init__(
        self, size=(32, 32), channels=3, latent_dim=128, filters=256, normalization="batch", num_classes=0, **kwargs
    ):
        super().__init__(**kwargs)
        check_sizes(num_classes, channels=channels, latent_dim=latent_dim, filters=filters)
        if normalization not in ("batch", "none"):
            raise ValueError(f'`normalization` must be "batch" or "none". Received: normalization={normalization!r}')
        self.size = tuple(size)
        self.channels = channels
        self.latent_dim = latent_dim
        self.filters = filters
        self.normalization = normalization
        self.num_classes = num_classes
        self.sizes = resolutions(self.size)
        height, width = self.sizes[0]
        normalize = normalization == "batch"
        self.project = layers.Dense(height * width * filters, name="project")
        self.blocks = [_GeneratorBlock(filters, normalize, name=f"block_{i}") for i in range(1, len(self.sizes))]
        self.norm = _batch_norm("norm") if normalize else None
        self.to_image = layers.Conv2D(channels, 3, padding="same", name="to_image")

    def build(self, latents_shape=None, labels_shape=None):
        self.project.build((None, self.latent_dim + self.num_classes))
        for layer in [*self.blocks, *([] if self.norm is None else [self.norm]), self.to_image]:
            layer.build((None, None, None, self.filters))
        self.built = True

    def call(self, latents, labels=None, training=False):
        x = ops.cast(latents, self.compute_dtype)
        if self.num_classes:
            x = ops.concatenate([x, ops.cast(labels, x.dtype)], axis=-1)
        x = ops.reshape(self.project(x), (-1, *self.sizes[0], self.filters))
        for block in self.blocks:
            x = block(x, training=training)
        x = x if self.norm is None else self.norm(x, training=training)
        return ops.tanh(ops.cast(self.to_image(ops.relu(x)), "float32"))

    def compute_output_shape(self, latents_shape, labels_shape=None):
        return latents_shape[0], *self.size, self.channels

    def get_config(self):
        names = ("size", "channels", "latent_dim", "filters", "normalization", "num_classes")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@keras.saving.register_keras_serializable(package="keras_stylegan")
class ResNetCritic(keras.Model):
    """Pictures in, one logit each out: residual blocks of one width down to twice the smallest size, two more there.

    Args:
        size: `(height, width)` of the pictures, in pixels.
        channels: int, of the pictures.
        filters: int, channels of every block.
        normalization: `"spectral"` (on all weights) or `"none"`, for gradient penalties.
        num_classes: int, 0 for a critic without classes; a class enters by projection.

    Call arguments:
        images: tensor of shape `(batch, height, width, channels)` in [-1, 1].
        labels: tensor of shape `(batch, num_classes)`, rows that sum to 1; None without classes.
        training: bool.

    Output shape:
        `(batch, 1)`, float32.

    Raises:
        ValueError: if an argument breaks its rule.

    Source: Miyato et al. 2018, table 4; projection: Miyato and Koyama 2018.
    """

    def __init__(self, size=(32, 32), channels=3, filters=128, normalization="spectral", num_classes=0, **kwargs):
        super().__init__(**kwargs)
        check_sizes(num_classes, channels=channels, filters=filters)
        if normalization not in ("spectral", "none"):
            raise ValueError(f'`normalization` must be "spectral" or "none". Received: normalization={normalization!r}')
        self.size = tuple(size)
        self.channels = channels
        self.filters = filters
        self.normalization = normalization
        self.num_classes = num_classes
        spectral = normalization == "spectral"
        halvings = max(0, len(resolutions(self.size)) - 2)
        #: From the picture inwards, the order in which `models.NoiseToImage` freezes them.
        self.blocks = [
            _CriticBlock(filters, spectral, first=i == 0, halve=i < halvings, name=f"block_{i + 1}")
            for i in range(halvings + 2)
        ]
        self.head = ScoreHead(num_classes, spectral=spectral, name="head")

    @property
    def feature_size(self):
        """Length of the vector that `features` returns for a picture."""
        return self.filters

    def build(self, images_shape=None, labels_shape=None):
        channels = self.channels
        for block in self.blocks:
            block.build((None, None, None, channels))
            channels = self.filters
        self.head.build((None, self.filters), (None, self.num_classes))
        self.built = True

    def features(self, images, labels=None, training=False):
        """The vector before the score, of shape `(batch, feature_size)`; arguments as for the call."""
        x = ops.cast(images, self.compute_dtype)
        for block in self.blocks:
            x = block(x, training=training)
        return ops.sum(ops.cast(ops.relu(x), "float32"), axis=(1, 2))

    def call(self, images, labels=None, training=False):
        return self.head(self.features(images, labels, training), labels, training=training)

    def compute_output_shape(self, images_shape, labels_shape=None):
        return images_shape[0], 1

    def get_config(self):
        names = ("size", "channels", "filters", "normalization", "num_classes")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _batch_norm(name):
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=name)
