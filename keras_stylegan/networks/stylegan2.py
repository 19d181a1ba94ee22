"""StyleGAN2's generator: mapping, then a synthesis network with output skips."""

import math

import keras
from keras import ops

from keras_stylegan.layers.equalized import EqualizedDense
from keras_stylegan.layers.mapping import MappingNetwork
from keras_stylegan.layers.synthesis import SynthesisLayer, ToRGB
from keras_stylegan.networks.stages import check_sizes, stages
from keras_stylegan.networks.style_mixing import StyleMixing
from keras_stylegan.ops.fir import fir_upsample
from keras_stylegan.ops.gradients import sum_over_replicas
from keras_stylegan.ops.normalization import pixel_norm


@keras.saving.register_keras_serializable(package="keras_stylegan")
class StyleGAN2Generator(StyleMixing, keras.Model):
    """Latents in, pictures out.

    A mapping network turns a latent into a style w, and every layer of the synthesis network is modulated by one: the
    first by `styles[:, 0]`, and so on; a layer that makes colours shares the style of the layer after it. The stages
    grow from a learned constant of `stages(size)[0]`, each adding its colours to the upsampled picture before.

    Truncation draws a style towards the mean one: `mean + psi * (w - mean)`. With classes the mean is that of the
    class (one mean for all, as in the paper's code, would draw every class towards the same picture).

    Args:
        size: `(height, width)` of the pictures in pixels: 4 to 16 pixels, times a power of two.
        channels: int, 1 (grey), 3 (RGB) or 4 (RGB and alpha).
        channel_base: int, channels times resolution, at most: the stage of 4 * 2^i pixels (of a square picture) has
            `channel_base / (4 * 2^i)` channels.
        channel_max: int, channels at most.
        latent_dim: int.
        style_dim: int, size of w.
        mapping_layers: int.
        num_classes: int, 0 without classes; a class is embedded and concatenated to the latent.

    Call arguments:
        latents: tensor of shape `(batch, latent_dim)`, normally distributed.
        labels: tensor of shape `(batch, num_classes)`, rows that sum to 1; None without classes.
        truncation: float or tensor of shape `(batch,)`, psi.
        noise: tensor of shape `(batch, noise_size)`, normally distributed; None takes the network's constant noise,
            zeros none.

    Output shape:
        `(batch, height, width, channels)`, float32; trained to lie in [-1, 1], which it may exceed a little.

    Raises:
        ValueError: if an argument breaks its rule.

    Source: Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", figures 2 and 7; truncation:
    Karras et al. 2019, appendix B; class embedding: Karras et al. 2020, "Training Generative Adversarial Networks with
    Limited Data", appendix C.
    """

    def __init__(
        self,
        size=(64, 64),
        channels=3,
        channel_base=16384,
        channel_max=512,
        latent_dim=512,
        style_dim=512,
        mapping_layers=2,
        num_classes=0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_sizes(num_classes, latent_dim=latent_dim, style_dim=style_dim)
        self.size = tuple(size)
        self.channels = channels
        self.channel_base = channel_base
        self.channel_max = channel_max
        self.latent_dim = latent_dim
        self.style_dim = style_dim
        self.mapping_layers = mapping_layers
        self.num_classes = num_classes
        self.stages = stages(self.size, channel_base, channel_max)

        exact = self.variable_dtype
        self.embedding = EqualizedDense(style_dim, dtype=exact, name="embedding") if num_classes else None
        self.mapping = MappingNetwork(style_dim, mapping_layers, normalize=False, dtype=exact, name="mapping")
        self.blocks = []
        for i, stage in enumerate(self.stages):
            name = f"{stage.height}x{stage.width}"
            convolutions = [SynthesisLayer(stage.channels, name=f"conv_{name}", dtype=self.dtype_policy)]
            if i:
                up = SynthesisLayer(stage.channels, upsample=True, name=f"up_{name}", dtype=self.dtype_policy)
                convolutions.insert(0, up)
            to_rgb = ToRGB(channels, name=f"to_rgb_{name}", dtype=self.dtype_policy)
            self.blocks.append((*convolutions, to_rgb))

    @property
    def num_styles(self):
        """Styles that modulate a picture: one a convolution, and one more for the last colours."""
        return 2 * len(self.stages)

    @property
    def style_readers(self):
        """For each style, in order, the affine layers that read it."""
        readers, used = [[] for _ in range(self.num_styles)], 0
        for *convolutions, to_rgb in self.blocks:
            for layer in convolutions:
                readers[used].append(layer.affine)
                used += 1
            readers[used].append(to_rgb.affine)
        return readers

    @property
    def noise_shapes(self):
        """(height, width) of the noise of each convolution, in order."""
        first, *others = self.stages
        return [(s.height, s.width) for s in (first, *(s for stage in others for s in (stage, stage)))]

    @property
    def noise_size(self):
        """Random numbers in a picture's noise."""
        return sum(math.prod(shape) for shape in self.noise_shapes)

    def build(self, latents_shape=None, labels_shape=None):
        first = self.stages[0]
        exact = {"dtype": self.variable_dtype, "autocast": False}
        normal = keras.initializers.RandomNormal(stddev=1.0)
        if self.embedding is not None:
            self.embedding.build((None, self.num_classes))
        self.mapping.build((None, self.latent_dim + (self.style_dim if self.num_classes else 0)))
        self.base = self.add_weight(
            name="base", shape=(1, first.height, first.width, first.channels), initializer=normal, **exact
        )
        style = (None, self.style_dim)
        channels = first.channels
        for *convolutions, to_rgb in self.blocks:
            for layer in convolutions:
                layer.build((None, None, None, channels), style)
                channels = layer.filters
            to_rgb.build((None, None, None, channels), style)
        # What training does not learn by gradient, but a picture needs: the mean style of each class, fixed noise.
        self.mean_styles = self.add_weight(
            name="mean_styles",
            shape=(max(1, self.num_classes), self.style_dim),
            initializer="zeros",
            trainable=False,
            **exact,
        )
        self.constant_noise = self.add_weight(
            name="constant_noise", shape=(1, self.noise_size), initializer=normal, trainable=False, **exact
        )
        self.built = True

    def call(self, latents, labels=None, truncation=1.0, noise=None):
        w = self.truncate(self.map_latents(latents, labels), labels, truncation)
        return self.synthesize(self.broadcast(w), noise)

    def map_latents(self, latents, labels=None):
        """The mapping network: styles of shape `(batch, style_dim)`."""
        x = pixel_norm(ops.cast(latents, self.variable_dtype))
        if self.num_classes:
            embedded = self.embedding(ops.cast(labels, self.variable_dtype))
            x = ops.concatenate([x, pixel_norm(embedded)], axis=-1)
        return self.mapping(x)

    def truncate(self, w, labels=None, truncation=1.0):
        """Draws styles of shape `(batch, style_dim)` towards the mean; 1 changes nothing, 0 is the mean."""
        if isinstance(truncation, float) and truncation == 1.0:
            return w
        mean = ops.convert_to_tensor(self.mean_styles)
        if self.num_classes:
            mean = ops.matmul(ops.cast(labels, mean.dtype), mean)
        psi = ops.reshape(ops.cast(truncation, w.dtype), (-1, 1))
        return mean + psi * (w - mean)

    def update_mean_styles(self, w, labels=None, decay=0.995):
        """Moves the mean styles towards those of a batch, of all replicas: in training, once a step.

        Args:
            w: tensor of shape `(batch, style_dim)`.
            labels: tensor of shape `(batch, num_classes)`; None without classes.
            decay: float, share of the old mean that stays. A class missing in the batch keeps its mean.
        """
        w = ops.stop_gradient(w)
        shares = ops.cast(labels, w.dtype) if self.num_classes else ops.ones_like(w[:, :1])
        sums, counts = ops.matmul(ops.transpose(shares), w), ops.sum(shares, axis=0)[:, None]
        sums, counts = sum_over_replicas([sums, counts])
        means = sums / ops.maximum(counts, 1e-8)
        rate = (1.0 - decay) * ops.minimum(counts, 1.0)
        self.mean_styles.assign(self.mean_styles + rate * (means - self.mean_styles))

    def synthesize(self, styles, noise=None, skips=None):
        """The synthesis network.

        Args:
            styles: tensor of shape `(batch, num_styles, style_dim)`: w where they are equal, otherwise W+.
            noise: as for the call.
            skips: optional list of one tensor a stage, `(batch, height, width, channels)` of it, added to its features
                before they become colours (`SceneEncoder` makes them).

        Returns:
            float32 tensor of shape `(batch, height, width, channels)`.
        """
        noise = iter(self._noise_maps(self.constant_noise if noise is None else noise))
        ones = ops.ones_like(styles[:, 0, :1])[:, :, None, None]
        x = ops.cast(ones * self.base, self.compute_dtype)
        picture, used = None, 0
        for stage, (*convolutions, to_rgb) in enumerate(self.blocks):
            for layer in convolutions:
                x = layer(x, styles[:, used], next(noise))
                used += 1
            if skips is not None:
                x = x + ops.cast(skips[stage], x.dtype)
            colours = to_rgb(x, styles[:, used])
            picture = colours if picture is None else fir_upsample(picture) + colours
        return picture

    def _noise_maps(self, noise):
        noise, start, maps = ops.convert_to_tensor(noise), 0, []
        for height, width in self.noise_shapes:
            maps.append(ops.reshape(noise[:, start : start + height * width], (-1, height, width, 1)))
            start += height * width
        return maps

    def grow_from(self, smaller):
        """Begins with a smaller generator's pictures, enlarged, where the layers of both have equal weights.

        The stages that only this one has give no colours at first: under output skips such a stage hands the picture
        on, and nothing need be faded in. The constant noise of the common stages becomes the smaller one's. A generator
        that is not smaller, or grows from another base, changes nothing.

        Args:
            smaller: built `StyleGAN2Generator`.

        Source: growing by stages: Karras et al. 2018, "Progressive Growing of GANs", section 2.
        """
        theirs, ours = ([stage[:2] for stage in network.stages] for network in (smaller, self))
        if len(theirs) >= len(ours) or ours[: len(theirs)] != theirs:
            return
        for *_, to_rgb in self.blocks[len(theirs) :]:
            to_rgb.kernel.assign(ops.zeros(to_rgb.kernel.shape))
        noise = [smaller.constant_noise, self.constant_noise[:, smaller.noise_size :]]
        self.constant_noise.assign(ops.concatenate(noise, axis=1))

    def compute_output_shape(self, latents_shape, labels_shape=None):
        return latents_shape[0], *self.size, self.channels

    def get_config(self):
        names = ("size", "channels", "channel_base", "channel_max", "latent_dim", "style_dim", "mapping_layers")
        config = {**super().get_config(), "num_classes": self.num_classes}
        return {**config, **{name: getattr(self, name) for name in names}}
