"""Growing networks in one static graph: every size is computed, and its share follows the progress."""

import keras
from keras import ops

from keras_stylegan.layers.equalized import LEAKY_GAIN, EqualizedConv2D, EqualizedDense
from keras_stylegan.layers.minibatch_stddev import MinibatchStddev
from keras_stylegan.networks.stages import check_sizes, resolutions, stage_widths
from keras_stylegan.ops.normalization import pixel_norm
from keras_stylegan.ops.resampling import upsample_nearest


def stage_shares(progress, num_stages):
    """How much each size contributes to a picture.

    Args:
        progress: scalar, P in [0, num_stages - 1]: whole numbers are stable stages, the fraction is the fade to the
            next.
        num_stages: int.

    Returns:
        List of scalars that sum to 1, one a size: `max(0, min(P - b + 1, b + 1 - P))` for b = 0, 1, ...

    Source: the static-graph form of Karras et al. 2018, figure 2, as in TensorFlow GAN's progressive_gan.
    """
    return [ops.maximum(0.0, ops.minimum(progress - b + 1.0, b + 1.0 - progress)) for b in range(num_stages)]


def blend(images, progress, num_stages):
    """Real pictures at the detail of the moment: what the critic is to compare generated ones with.

    Args:
        images: tensor of shape `(batch, height, width, channels)`.
        progress: scalar, as for `stage_shares`.
        num_stages: int; height and width are divisible by `2 ** (num_stages - 1)`.

    Returns:
        Tensor shaped like `images`: the pictures reduced to each size and brought back, weighted by its share.
    """
    total = 0.0
    for b, share in enumerate(stage_shares(progress, num_stages)):
        factor = 2 ** (num_stages - 1 - b)
        total = total + share * enlarge(_reduce(images, factor), factor)
    return total


def _reduce(x, factor):
    # Keras 3.15 on JAX pools only if the strides are given.
    return x if factor == 1 else ops.average_pool(x, factor, strides=factor)


def enlarge(x, factor):
    return x if factor == 1 else upsample_nearest(x, factor)


def _convolution(filters, name):
    return EqualizedConv2D(filters, 3, "leaky_relu", LEAKY_GAIN, name=name)


def add_progress(network):
    """The progress is a weight: it is saved, averaged networks copy it, and a loaded network generates at its stage."""
    return network.add_weight(
        name="progress",
        shape=(),
        initializer=keras.initializers.Constant(len(network.sizes) - 1.0),
        trainable=False,
        autocast=False,
    )


@keras.saving.register_keras_serializable(package="keras_stylegan")
class ProgressiveGenerator(keras.Model):
    """Latents in, pictures out; small pictures enlarged first, with growing detail as `progress` moves.

    Args:
        size: `(height, width)` of the pictures, in pixels, as for `DCGANGenerator`; it need not be square.
        channels: int, 1 (grey), 3 (RGB) or 4 (RGB and alpha).
        latent_dim: int.
        filters: int, channels at the full size; twice as many at each half of it.
        max_filters: int, channels at most.
        num_classes: int, 0 for a generator without classes; a class is concatenated to the latent.

    Call arguments:
        latents: tensor of shape `(batch, latent_dim)`.
        labels: tensor of shape `(batch, num_classes)`, rows that sum to 1; None without classes.
        training: bool, without effect.

    Output shape:
        `(batch, height, width, channels)`, float32; trained to lie in [-1, 1], which it may exceed a little.

    Attributes:
        progress: variable, P; at first that of a fully grown network.

    Raises:
        ValueError: if an argument breaks its rule.

    Source: Karras et al. 2018, "Progressive Growing of GANs for Improved Quality, Stability, and Variation", table 2.
    """

    def __init__(self, size=(64, 64), channels=3, latent_dim=512, filters=64, max_filters=512, num_classes=0, **kwargs):
        super().__init__(**kwargs)
        check_sizes(num_classes, channels=channels, latent_dim=latent_dim, filters=filters, max_filters=max_filters)
        self.size = tuple(size)
        self.channels = channels
        self.latent_dim = latent_dim
        self.filters = filters
        self.max_filters = max_filters
        self.num_classes = num_classes
        self.sizes = resolutions(self.size)
        self.widths = stage_widths(len(self.sizes), filters, max_filters)
        height, width = self.sizes[0]
        units = height * width * self.widths[0]
        # A quarter of the gain, as in the paper's code: the latent has unit length per number already.
        self.project = EqualizedDense(units, gain=LEAKY_GAIN / 4, use_bias=False, name="project")
        self.stages = [
            ([] if i == 0 else [_convolution(w, f"conv_{i}_1")]) + [_convolution(w, f"conv_{i}_2")]
            for i, w in enumerate(self.widths)
        ]
        self.to_images = [
            EqualizedConv2D(channels, 1, dtype="float32", name=f"to_image_{i}") for i in range(len(self.sizes))
        ]

    def build(self, latents_shape=None, labels_shape=None):
        self.project.build((None, self.latent_dim + self.num_classes))
        self.bias = self.add_weight(name="bias", shape=(self.widths[0],), initializer="zeros")
        before = self.widths[0]
        for stage, to_image, width in zip(self.stages, self.to_images, self.widths, strict=True):
            for layer in stage:
                layer.build((None, None, None, before))
                before = width
            to_image.build((None, None, None, width))
        self.progress = add_progress(self)
        self.built = True

    def call(self, latents, labels=None, training=False):
        x = ops.cast(latents, self.compute_dtype)
        if self.num_classes:
            x = ops.concatenate([x, ops.cast(labels, x.dtype)], axis=-1)
        x = ops.reshape(self.project(pixel_norm(x)), (-1, *self.sizes[0], self.widths[0]))
        x = pixel_norm(ops.leaky_relu(x + ops.cast(self.bias, x.dtype), 0.2))
        picture = 0.0
        shares = stage_shares(ops.convert_to_tensor(self.progress), len(self.sizes))
        for i, (stage, to_image) in enumerate(zip(self.stages, self.to_images, strict=True)):
            x = upsample_nearest(x) if i else x
            for layer in stage:
                x = pixel_norm(layer(x))
            colours = to_image(ops.cast(x, "float32"))
            picture = picture + shares[i] * enlarge(colours, 2 ** (len(self.sizes) - 1 - i))
        return picture

    def compute_output_shape(self, latents_shape, labels_shape=None):
        return latents_shape[0], *self.size, self.channels

    def get_config(self):
        names = ("size", "channels", "latent_dim", "filters", "max_filters", "num_classes")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@keras.saving.register_keras_serializable(package="keras_stylegan")
class ProgressiveCritic(keras.Model):
    """Pictures in, one logit each out; sizes beyond `progress` are passed over.

    Args:
        size: `(height, width)` of the pictures, in pixels.
        channels: int, of the pictures.
        filters: int, channels at the full size; twice as many at each half of it.
        max_filters: int, channels at most.
        group_size: int, pictures among which the last stage sees the standard deviation; 1 sees none.
        num_classes: int, 0 for a critic without classes; a class enters by projection.

    Call arguments:
        images: tensor of shape `(batch, height, width, channels)` in [-1, 1].
        labels: tensor of shape `(batch, num_classes)`, rows that sum to 1; None without classes.
        training: bool, without effect.

    Output shape:
        `(batch, 1)`, float32.

    Attributes:
        progress: variable, P; at first that of a fully grown network.

    Raises:
        ValueError: if an argument breaks its rule.

    Source: Karras et al. 2018, table 2.
    """

    def __init__(self, size=(64, 64), channels=3, filters=64, max_filters=512, group_size=4, num_classes=0, **kwargs):
        super().__init__(**kwargs)
        check_sizes(num_classes, channels=channels, filters=filters, max_filters=max_filters, group_size=group_size)
        self.size = tuple(size)
        self.channels = channels
        self.filters = filters
        self.max_filters = max_filters
        self.group_size = group_size
        self.num_classes = num_classes
        self.sizes = resolutions(self.size)
        self.widths = stage_widths(len(self.sizes), filters, max_filters)
        self.from_images = [
            EqualizedConv2D(w, 1, "leaky_relu", LEAKY_GAIN, name=f"from_image_{i}") for i, w in enumerate(self.widths)
        ]
        # Of each size but the smallest: two convolutions, the second to the width of the size below.
        self.stages = [
            (_convolution(width, f"conv_{i + 1}_1"), _convolution(below, f"conv_{i + 1}_2"))
            for i, (below, width) in enumerate(zip(self.widths, self.widths[1:], strict=False))
        ]
        self.variety = MinibatchStddev(group_size, name="variety")
        self.last = _convolution(self.widths[0], "conv_0")
        self.hidden = EqualizedDense(self.widths[0], "leaky_relu", LEAKY_GAIN, dtype="float32", name="hidden")
        self.score = EqualizedDense(1, dtype="float32", name="score")
        self.embedding = None
        if num_classes:
            self.embedding = EqualizedDense(self.widths[0], use_bias=False, dtype="float32", name="embedding")
        #: From the picture inwards, the order in which `models.NoiseToImage` freezes them.
        self.blocks = [
            *((layer, *stage) for layer, stage in zip(self.from_images[:0:-1], self.stages[::-1], strict=True)),
            (self.from_images[0], self.last, self.hidden),
        ]

    @property
    def feature_size(self):
        """Length of the vector that `features` returns for a picture."""
        return self.widths[0]

    def build(self, images_shape=None, labels_shape=None):
        for i, (layer, width) in enumerate(zip(self.from_images, self.widths, strict=True)):
            layer.build((None, None, None, self.channels))
            if i:
                for convolution in self.stages[i - 1]:
                    convolution.build((None, None, None, width))
        height, width = self.sizes[0]
        self.variety.build((None, height, width, self.widths[0]))
        self.last.build((None, None, None, self.widths[0] + 1))
        self.hidden.build((None, height * width * self.widths[0]))
        self.score.build((None, self.widths[0]))
        if self.embedding is not None:
            self.embedding.build((None, self.num_classes))
        self.progress = add_progress(self)
        self.built = True

    def features(self, images, labels=None, training=False):
        """The vector before the score, of shape `(batch, feature_size)`; arguments as for the call."""
        images, progress = ops.cast(images, self.compute_dtype), ops.convert_to_tensor(self.progress)
        num_stages, x = len(self.sizes), None
        for i in reversed(range(num_stages)):
            entered = self.from_images[i](_reduce(images, 2 ** (num_stages - 1 - i)))
            if x is None:
                x = entered
            else:
                # 1 while this is the largest size in use, 0 once the next one is.
                share = ops.cast(ops.clip(i + 1.0 - progress, 0.0, 1.0), x.dtype)
                x = share * entered + (1.0 - share) * x
            if i:
                first, second = self.stages[i - 1]
                x = _reduce(second(first(x)), 2)
        x = self.last(self.variety(x))
        height, width = self.sizes[0]
        return self.hidden(ops.reshape(ops.cast(x, "float32"), (-1, height * width * self.widths[0])))

    def call(self, images, labels=None, training=False):
        features = self.features(images)
        logits = self.score(features)
        if self.embedding is not None:
            embedded = self.embedding(ops.cast(labels, "float32"))
            logits = logits + ops.sum(embedded * features, axis=-1, keepdims=True) / self.feature_size**0.5
        return logits

    def compute_output_shape(self, images_shape, labels_shape=None):
        return images_shape[0], 1

    def get_config(self):
        names = ("size", "channels", "filters", "max_filters", "group_size", "num_classes")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
