"""StyleGAN's generator: mapping, then a synthesis network that is styled by AdaIN."""

import math

import keras
from keras import ops

from keras_stylegan.layers.adain import AdaINLayer
from keras_stylegan.layers.equalized import EqualizedConv2D
from keras_stylegan.layers.mapping import MappingNetwork
from keras_stylegan.networks.progressive import add_progress, enlarge, stage_shares
from keras_stylegan.networks.stages import check_sizes, resolutions, stage_widths
from keras_stylegan.networks.style_mixing import StyleMixing
from keras_stylegan.ops.gradients import sum_over_replicas


@keras.saving.register_keras_serializable(package="keras_stylegan")
class StyleGANGenerator(StyleMixing, keras.Model):
    """Latents in, pictures out.

    A mapping network turns a latent into a style w; each layer of the synthesis network, which starts from a learned
    constant, is styled by one. It grows as `ProgressiveGenerator` does. Truncation draws a style towards the mean one,
    `mean + psi * (w - mean)`.

    Args:
        size: `(height, width)` of the pictures, in pixels, as for `DCGANGenerator`; it need not be square.
        channels: int, 1 (grey), 3 (RGB) or 4 (RGB and alpha).
        latent_dim: int.
        style_dim: int, size of w.
        mapping_layers: int.
        filters: int, channels at the full size; twice as many at each half of it.
        max_filters: int, channels at most.
        num_classes: int, 0 for a generator without classes; a class is concatenated to the latent.

    Call arguments:
        latents: tensor of shape `(batch, latent_dim)`, normally distributed.
        labels: tensor of shape `(batch, num_classes)`, rows that sum to 1; None without classes.
        truncation: float, psi.
        noise: tensor of shape `(batch, noise_size)`, normally distributed; None takes the network's constant noise.
        training: bool, without effect.

    Output shape:
        `(batch, height, width, channels)`, float32; trained to lie in [-1, 1], which it may exceed a little.

    Attributes:
        progress: variable, as of `ProgressiveGenerator`.
        mean_style: variable of shape `(1, style_dim)`, the running mean of w.

    Raises:
        ValueError: if an argument breaks its rule.

    Source: Karras et al. 2019, "A Style-Based Generator Architecture for Generative Adversarial Networks".
    """

    def __init__(
        self,
        size=(64, 64),
        channels=3,
        latent_dim=512,
        style_dim=512,
        mapping_layers=8,
        filters=64,
        max_filters=512,
        num_classes=0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_sizes(num_classes, channels=channels, latent_dim=latent_dim, style_dim=style_dim)
        check_sizes(filters=filters, max_filters=max_filters)
        self.size = tuple(size)
        self.channels = channels
        self.latent_dim = latent_dim
        self.style_dim = style_dim
        self.mapping_layers = mapping_layers
        self.filters = filters
        self.max_filters = max_filters
        self.num_classes = num_classes
        self.sizes = resolutions(self.size)
        self.widths = stage_widths(len(self.sizes), filters, max_filters)
        self.mapping = MappingNetwork(style_dim, mapping_layers, dtype="float32", name="mapping")
        # Two layers of each size; the first of all has no convolution, the first of the others doubles the size.
        self.stages = [
            (AdaINLayer(w, upsample=i > 0, convolve=i > 0, name=f"layer_{i}_1"), AdaINLayer(w, name=f"layer_{i}_2"))
            for i, w in enumerate(self.widths)
        ]
        self.to_images = [
            EqualizedConv2D(channels, 1, dtype="float32", name=f"to_image_{i}") for i in range(len(self.sizes))
        ]

    @property
    def num_styles(self):
        """Styles that a picture takes: one a layer."""
        return 2 * len(self.sizes)

    @property
    def style_readers(self):
        """For each style, in order, the affine layers that read it: one."""
        return [[layer.affine] for stage in self.stages for layer in stage]

    @property
    def noise_size(self):
        """Random numbers in a picture's noise."""
        return sum(2 * math.prod(size) for size in self.sizes)

    def build(self, latents_shape=None, labels_shape=None):
        self.mapping.build((None, self.latent_dim + self.num_classes))
        style, before = (None, self.style_dim), self.widths[0]
        for stage, to_image, width in zip(self.stages, self.to_images, self.widths, strict=True):
            for layer in stage:
                layer.build((None, None, None, before), style)
                before = width
            to_image.build((None, None, None, width))
        exact = {"dtype": "float32", "autocast": False}
        normal = keras.initializers.RandomNormal(stddev=1.0)
        self.base = self.add_weight(name="base", shape=(1, *self.sizes[0], self.widths[0]), initializer="ones", **exact)
        # What no gradient teaches, but a picture needs.
        self.mean_style = self.add_weight(
            name="mean_style", shape=(1, self.style_dim), initializer="zeros", trainable=False, **exact
        )
        self.constant_noise = self.add_weight(
            name="constant_noise", shape=(1, self.noise_size), initializer=normal, trainable=False, **exact
        )
        self.progress = add_progress(self)
        self.built = True

    def call(self, latents, labels=None, truncation=1.0, noise=None, training=False):
        return self.synthesize(
            self.broadcast(self.truncate(self.map_latents(latents, labels), labels, truncation)), noise
        )

    def map_latents(self, latents, labels=None):
        """The mapping network: styles of shape `(batch, style_dim)`."""
        x = ops.cast(latents, "float32")
        return self.mapping(ops.concatenate([x, ops.cast(labels, "float32")], axis=-1) if self.num_classes else x)

    def truncate(self, w, labels=None, truncation=1.0):
        """Draws styles of shape `(batch, style_dim)` towards the mean of all classes; 1 changes nothing."""
        mean = ops.convert_to_tensor(self.mean_style)
        return mean + truncation * (w - mean)

    def update_mean_style(self, w, decay=0.995):
        """Moves the mean style towards that of a batch, `(batch, style_dim)`, of all replicas: once a training step."""
        w = ops.stop_gradient(w)
        total, count = sum_over_replicas([ops.sum(w, axis=0, keepdims=True), ops.sum(ops.ones_like(w[:, :1]))])
        mean = total / count
        self.mean_style.assign(decay * self.mean_style + (1.0 - decay) * mean)

    def synthesize(self, styles, noise=None):
        """The synthesis network.

        Args:
            styles: tensor of shape `(batch, num_styles, style_dim)`.
            noise: as for the call.

        Returns:
            float32 tensor of shape `(batch, height, width, channels)`.
        """
        noise = ops.convert_to_tensor(self.constant_noise if noise is None else noise)
        ones = ops.ones_like(styles[:, 0, :1])[:, :, None, None]
        x = ops.cast(ones * self.base, self.compute_dtype)
        shares = stage_shares(ops.convert_to_tensor(self.progress), len(self.sizes))
        picture, used, start = 0.0, 0, 0
        for i, ((height, width), stage) in enumerate(zip(self.sizes, self.stages, strict=True)):
            for layer in stage:
                maps = ops.reshape(noise[:, start : start + height * width], (-1, height, width, 1))
                x = layer(x, styles[:, used], maps)
                used, start = used + 1, start + height * width
            colours = self.to_images[i](ops.cast(x, "float32"))
            picture = picture + shares[i] * enlarge(colours, 2 ** (len(self.sizes) - 1 - i))
        return picture

    def compute_output_shape(self, latents_shape, labels_shape=None):
        return latents_shape[0], *self.size, self.channels

    def get_config(self):
        names = ("size", "channels", "latent_dim", "style_dim", "mapping_layers", "filters", "max_filters")
        return {**super().get_config(), **{name: getattr(self, name) for name in (*names, "num_classes")}}
