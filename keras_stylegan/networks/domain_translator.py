"""One translator for several domains: what a picture becomes is said by a style, of noise or of another picture."""

import math

import keras
from keras import layers, ops

from keras_stylegan.layers.conv_blocks import check_positive
from keras_stylegan.layers.equalized import EqualizedDense
from keras_stylegan.layers.mapping import MappingNetwork
from keras_stylegan.ops.normalization import instance_norm
from keras_stylegan.ops.padding import reflect_pad
from keras_stylegan.ops.resampling import upsample_nearest

MAX_DEPTH = 5


@keras.saving.register_keras_serializable(package="keras_stylegan")
class DomainEncoder(keras.Model):
    """Picture and domain in, numbers out: residual blocks, then one head a domain. As a critic its logit.

    Args:
        num_domains: int.
        units: int, numbers of a picture in a domain; 1 for a critic.
        filters: int, channels at the full size; doubled at each half of it.
        max_filters: int, channels at most.
        depth: int, halvings.
        channels: int, of the pictures.

    Call arguments:
        images: tensor of shape `(batch, height, width, channels)` in [-1, 1], height and width at least `2**depth`.
        labels: tensor of shape `(batch, num_domains)`, one-hot.

    Output shape:
        `(batch, units)`, float32.

    Raises:
        ValueError: if a number is not positive.

    Source: Choi et al. 2020, "StarGAN v2", appendix F; its last convolution, over 4x4 pixels, is a mean here, so that
    every size has a network.
    """

    def __init__(self, num_domains, units=1, filters=64, max_filters=512, depth=4, channels=3, **kwargs):
        super().__init__(**kwargs)
        check_positive(
            num_domains=num_domains, units=units, filters=filters, max_filters=max_filters, depth=depth,
            channels=channels,
        )  # fmt: skip
        self.num_domains = num_domains
        self.units = units
        self.filters = filters
        self.max_filters = max_filters
        self.depth = depth
        self.channels = channels
        self.stem = layers.Conv2D(filters, 3, padding="same", name="stem")
        widths = [min(filters * 2**i, max_filters) for i in range(depth + 1)]
        self.blocks = [_Block(width, "down", norm=None, name=f"down_{i + 1}") for i, width in enumerate(widths[1:])]
        self.heads = layers.Dense(num_domains * units, dtype="float32", name="heads")

    def build(self, images_shape=None, labels_shape=None):
        shape = (None, None, None, self.channels)
        for layer in (self.stem, *self.blocks):
            layer.build(shape)
            shape = layer.compute_output_shape(shape)
        self.heads.build((None, shape[-1]))
        self.built = True

    def call(self, images, labels, training=False):
        x = self.stem(ops.cast(images, self.compute_dtype))
        for block in self.blocks:
            x = block(x)
        x = ops.mean(ops.cast(ops.leaky_relu(x, 0.2), "float32"), axis=(1, 2))
        return chosen(self.heads(x), labels, self.units)

    def compute_output_shape(self, images_shape, labels_shape=None):
        return images_shape[0], self.units

    def get_config(self):
        names = ("num_domains", "units", "filters", "max_filters", "depth", "channels")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@keras.saving.register_keras_serializable(package="keras_stylegan")
class DomainTranslator(keras.Model):
    """Picture and style in, picture out; styles come from noise or from pictures, each for a domain.

    Blocks under instance normalisation down to `1 / 2**depth` of the size, and back under adaptive instance
    normalisation, which a style steers.

    Args:
        num_domains: int.
        filters: int, channels at the full size; doubled at each half of it.
        max_filters: int, channels at most.
        depth: int, halvings, at most `MAX_DEPTH`: of 64 pixels, the least that translators are given, 2 are left.
        num_blocks: int, blocks at the smallest size, on the way down and again on the way up.
        style_dim: int, numbers of a style.
        latent_dim: int, numbers of a latent.
        mapping_layers: int, from latent to style, before the heads of the domains.
        skips: bool, whether features of the way down are added to those of the way up, at the sizes below the full one:
            what a picture shows then need not be learnt to be kept, which takes ten thousands of steps.

    Call arguments:
        images: tensor of shape `(batch, height, width, 3)` in [-1, 1], height and width multiples of `stride`,
            at least twice that.
        styles: tensor of shape `(batch, style_dim)`, as `styles_of_noise` or `styles_of_pictures` makes them.
        training: bool.

    Output shape:
        That of `images`, float32 in [-1, 1].

    Raises:
        ValueError: if a number is not positive, or `depth` is too large.

    Source: Choi et al. 2020, "StarGAN v2: Diverse Image Synthesis for Multiple Domains", section 2 and appendix F,
    without the high-pass skips for faces, for which `skips` are plain ones. A tanh keeps the range, padding is by
    reflection; the mapping learns at 1/100 of the rate, as there.
    """

    def __init__(
        self,
        num_domains,
        filters=64,
        max_filters=512,
        depth=4,
        num_blocks=2,
        style_dim=64,
        latent_dim=16,
        mapping_layers=4,
        skips=False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_positive(num_blocks=num_blocks, style_dim=style_dim, latent_dim=latent_dim)
        if depth > MAX_DEPTH:
            raise ValueError(f"`depth` must be at most {MAX_DEPTH}. Received: depth={depth}")
        self.num_domains = num_domains
        self.filters = filters
        self.max_filters = max_filters
        self.depth = depth
        self.num_blocks = num_blocks
        self.style_dim = style_dim
        self.latent_dim = latent_dim
        self.mapping_layers = mapping_layers
        self.skips = skips
        self.style_encoder = DomainEncoder(num_domains, style_dim, filters, max_filters, depth, name="style_encoder")
        units = 4 * style_dim
        self.mapping = MappingNetwork(units, mapping_layers, 0.01, name="mapping")
        self.heads = EqualizedDense(num_domains * style_dim, learning_rate_multiplier=0.01, name="heads")
        widths = [min(filters * 2**i, max_filters) for i in range(depth + 1)]
        self.stem = layers.Conv2D(filters, 3, padding="same", name="stem")
        self.down = [_Block(width, "down", "instance", name=f"down_{i + 1}") for i, width in enumerate(widths[1:])]
        self.down += [_Block(widths[-1], None, "instance", name=f"middle_{i + 1}") for i in range(num_blocks)]
        self.up = [_Block(widths[-1], None, "styled", name=f"styled_{i + 1}") for i in range(num_blocks)]
        self.up += [_Block(width, "up", "styled", name=f"up_{i + 1}") for i, width in enumerate(widths[-2::-1])]
        # Normalised features at the usual spread would begin where a tanh has no slope.
        faint = keras.initializers.VarianceScaling(0.1)
        self.to_image = layers.Conv2D(3, 1, kernel_initializer=faint, dtype="float32", name="to_image")

    @property
    def stride(self):
        """Int, what height and width are to be multiples of."""
        return 2**self.depth

    def build(self, images_shape=None, styles_shape=None):
        self.style_encoder.build()
        self.mapping.build((None, self.latent_dim))
        self.heads.build((None, self.mapping.units))
        shape, styles = (None, None, None, 3), (None, self.style_dim)
        for layer in (self.stem, *self.down, *self.up):
            layer.build(*((shape, styles) if layer in self.up else (shape,)))
            shape = layer.compute_output_shape(shape)
        self.to_image.build(shape)
        self.built = True

    def styles_of_noise(self, latents, labels):
        """Styles of latents, `(batch, latent_dim)`, normally distributed, for domains, `(batch, num_domains)`."""
        return chosen(ops.cast(self.heads(self.mapping(latents)), "float32"), labels, self.style_dim)

    def styles_of_pictures(self, images, labels):
        """Styles of pictures as those of domains, `(batch, num_domains)`, one-hot."""
        return self.style_encoder(images, labels)

    def call(self, images, styles, training=False):
        x, kept = self.stem(ops.cast(images, self.compute_dtype)), []
        for block in self.down:
            kept.append(x)  # number i below `depth` has 1 / 2**i of the size
            x = block(x)
        for i, block in enumerate(self.up):
            x = block(x, styles)
            level = self.depth + self.num_blocks - 1 - i
            if self.skips and 0 < level < self.depth:
                x = (x + kept[level]) / math.sqrt(2.0)
        x = ops.leaky_relu(instance_norm(ops.cast(x, "float32")), 0.2)
        return ops.tanh(self.to_image(x))

    def compute_output_shape(self, images_shape, styles_shape=None):
        return images_shape

    def get_config(self):
        names = ("num_domains", "filters", "max_filters", "depth", "num_blocks")
        names += ("style_dim", "latent_dim", "mapping_layers", "skips")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


class _Block(layers.Layer):
    """Normalisation, leaky ReLU and a 3x3 convolution, twice, added to what came in; variances keep their size.

    `norm` is None, `"instance"` or `"styled"`: scale and shift of every channel are affine in the style. Normalised
    features are continued by reflection: beside them zeros would be a colour, and frame the picture.
    """

    def __init__(self, filters, resample=None, norm=None, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.resample = resample
        self.norm = norm
        padding = "same" if norm is None else "valid"
        self.convolutions = [
            layers.Conv2D(filters, 3, padding=padding, kernel_initializer="he_normal", name=f"conv_{i}") for i in (1, 2)
        ]
        self.skip = layers.Conv2D(filters, 1, use_bias=False, name="skip")

    def build(self, features_shape, styles_shape=None):
        channels = features_shape[-1]
        if self.norm == "styled":
            self.affine = [
                layers.Dense(2 * width, dtype="float32", name=f"affine_{i + 1}")
                for i, width in enumerate((channels, self.filters))
            ]
            for affine in self.affine:
                affine.build(styles_shape)
        self.convolutions[0].build((None, None, None, channels))
        self.convolutions[1].build((None, None, None, self.filters))
        self.skip.build((None, None, None, channels))

    def call(self, features, styles=None):
        x = ops.leaky_relu(self._normalized(features, styles, 0), 0.2)
        x = self._convolved(upsample_nearest(x) if self.resample == "up" else x, 0)
        x = _halved(x) if self.resample == "down" else x
        x = self._convolved(ops.leaky_relu(self._normalized(x, styles, 1), 0.2), 1)
        skip = self.skip(features)
        if self.resample is not None:
            skip = upsample_nearest(skip) if self.resample == "up" else _halved(skip)
        return (x + skip) / math.sqrt(2.0)

    def _convolved(self, x, index):
        return self.convolutions[index](x if self.norm is None else reflect_pad(x, 1))

    def _normalized(self, x, styles, index):
        if self.norm is None:
            return x
        if self.norm == "instance":
            return instance_norm(x)
        scale, shift = ops.split(self.affine[index](styles), 2, axis=-1)
        return instance_norm(x, 1.0 + scale, shift)

    def compute_output_shape(self, features_shape, styles_shape=None):
        batch, *sides, _ = features_shape
        resized = {None: lambda n: n, "up": lambda n: 2 * n, "down": lambda n: n // 2}[self.resample]
        return batch, *(None if n is None else resized(n) for n in sides), self.filters


def chosen(values, labels, units):
    """Of `(batch, num_domains * units)` numbers those of each image's domain, `(batch, units)`."""
    values = ops.reshape(values, (-1, labels.shape[-1], units))
    return ops.sum(values * ops.cast(labels, values.dtype)[:, :, None], axis=1)


def _halved(x):
    return ops.average_pool(x, 2, strides=2)
