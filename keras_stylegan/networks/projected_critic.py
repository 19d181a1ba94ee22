"""A critic that looks through a frozen perceptual network, at several scales."""

import keras
from keras import layers, ops

from keras_stylegan.layers.score_head import ScoreHead
from keras_stylegan.layers.spectral import SpectralConv2D
from keras_stylegan.networks.stages import check_sizes
from keras_stylegan.ops.resampling import upsample_nearest

# A head halves its map to this size and scores each place of it.
SCORED_SIZE = 4
SLOPE = 0.2


@keras.saving.register_keras_serializable(package="keras_stylegan")
class ProjectedCritic(keras.Model):
    """Pictures in, many logits out: each scores one place at one scale of a perceptual network's features.

    What tells a mountain from noise need not be learnt from a few thousand pictures: a network that has seen many
    more has it. Its maps pass fixed random convolutions, from the deepest to the shallowest, each mixed with what came
    from below, so that no single channel is all that the generator need match. A small critic of spectrally
    normalised 4x4 convolutions halves each mixed map to 4x4 places and scores them; classes enter by projection.

    Args:
        features: built and frozen network from pictures to a dict of maps, such as `PerceptualNetwork` or a
            `BackboneTrunk`; its taps are the scales, shallow first, each half the size of the one before.
        size: `(height, width)` of the pictures; each scale's sides must be `4 * 2^n`.
        filters: int, channels of the shallowest map; each deeper one has twice as many, and a head doubles them with
            every halving, up to those of the deepest.
        num_classes: int, 0 without classes.

    Call arguments:
        images: tensor of shape `(batch, height, width, 3)`, RGB in [-1, 1].
        labels: tensor of shape `(batch, num_classes)`, rows that sum to 1; None without classes.
        training: bool.

    Output shape:
        `(batch, logits)`, float32.

    Raises:
        ValueError: if an argument breaks its rule.

    Source: Sauer et al. 2021, "Projected GANs Converge Faster", section 3.
    """

    channels = 3

    def __init__(self, features, size=(64, 64), filters=64, num_classes=0, **kwargs):
        super().__init__(**kwargs)
        check_sizes(num_classes, filters=filters)
        self.features = features
        self.size = tuple(size)
        self.filters = filters
        self.num_classes = num_classes
        shapes = features.compute_output_shape((None, *self.size, 3))
        # Shallow first.
        self.map_shapes = {tap: tuple(shape[1:]) for tap, shape in shapes.items()}
        sides = [shape[:2] for shape in self.map_shapes.values()]
        for height, width in sides:
            if height != width or height < 2 * SCORED_SIZE or height & (height - 1):
                raise ValueError(
                    f"`size` must give square maps of {2 * SCORED_SIZE} pixels and more, a power of 2. "
                    f"Received: size={self.size}, with a map of {height}x{width}"
                )
        if any(shallow[0] != 2 * deep[0] for shallow, deep in zip(sides, sides[1:], strict=False)):
            raise ValueError(f"`features` must have taps that halve the size one by one. Received: {list(shapes)}")
        fixed = {"use_bias": False, "kernel_initializer": "he_normal", "trainable": False}
        widths = [filters * 2**i for i in range(len(sides))]
        self.projections, self.mixers, self.blocks = [], [], []
        for tap, (side, _), width, shallower in zip(shapes, sides, widths, [filters, *widths], strict=False):
            self.projections.append(layers.Conv2D(width, 1, **fixed, name=f"project_{tap}"))
            # To the channels of the next shallower map, which it joins.
            self.mixers.append(layers.Conv2D(shallower, 3, padding="same", **fixed, name=f"mix_{tap}"))
            self.blocks.append(_head(side, shallower, widths[-1], tap))
        self.scores = [ScoreHead(num_classes, spectral=True, name=f"score_{tap}") for tap in self.map_shapes]

    def build(self, images_shape=None, labels_shape=None):
        for (_, _, channels), projection, mixer, head, score in zip(
            self.map_shapes.values(), self.projections, self.mixers, self.blocks, self.scores, strict=True
        ):
            projection.build((None, None, None, channels))
            mixer.build((None, None, None, projection.filters))
            width = mixer.filters
            for convolution, normalization in head:
                convolution.build((None, None, None, width))
                width = convolution.filters
                normalization.build((None, None, None, width))
            score.build((None, width))
        self.built = True

    def call(self, images, labels=None, training=False):
        maps = [ops.cast(features, self.compute_dtype) for features in self.features(images).values()]
        logits, deeper = [], None
        for i in reversed(range(len(maps))):
            x = self.projections[i](maps[i])
            if deeper is not None:
                x = x + upsample_nearest(deeper)
            x = deeper = self.mixers[i](x)
            for convolution, normalization in self.blocks[i]:
                x = ops.leaky_relu(normalization(convolution(x, training=training), training=training), SLOPE)
            logits.append(self._score(self.scores[i], x, labels, training))
        return ops.concatenate(logits, axis=1)

    def _score(self, head, x, labels, training):
        """A logit for each place of a map, `(batch, places)`."""
        places = SCORED_SIZE * SCORED_SIZE
        flat = ops.reshape(x, (-1, x.shape[-1]))
        if self.num_classes:
            labels = ops.repeat(labels, places, axis=0)
        return ops.reshape(head(flat, labels, training=training), (-1, places))

    def compute_output_shape(self, images_shape, labels_shape=None):
        return images_shape[0], len(self.map_shapes) * SCORED_SIZE**2

    def get_config(self):
        return {
            **super().get_config(),
            "features": keras.saving.serialize_keras_object(self.features),
            "size": self.size,
            "filters": self.filters,
            "num_classes": self.num_classes,
        }

    @classmethod
    def from_config(cls, config):
        features = keras.saving.deserialize_keras_object(config["features"])
        if not features.built:
            features.build()
        return cls(**{**config, "features": features})


def _head(side, width, widest, tap):
    """Pairs of a convolution that halves a map, and doubles its channels, and its normalisation."""
    head = []
    while side > SCORED_SIZE:
        width, side = min(2 * width, widest), side // 2
        # Named, so that another critic's weights find their places (`models.transfer`).
        name, options = f"{tap}_{side}", {"use_bias": False, "kernel_initializer": "he_normal"}
        convolution = SpectralConv2D(width, 4, strides=2, name=f"down_{name}", **options)
        head.append([convolution, layers.BatchNormalization(epsilon=1e-5, name=f"norm_{name}")])
    return head
