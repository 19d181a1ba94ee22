"""A critic that looks through a pretrained classifier."""

import keras
from keras import ops

from keras_stylegan.layers.score_head import ScoreHead
from keras_stylegan.layers.spectral import SpectralConv2D
from keras_stylegan.networks.backbone_trunk import BackboneTrunk


@keras.saving.register_keras_serializable(package="keras_stylegan")
class BackboneCritic(keras.Model):
    """Judges pictures by a classifier's features at several sizes, with a small head of its own at each.

    A frozen trunk cannot be fooled into other features, and the heads are little to train: few pictures suffice.
    Pictures with a class are judged under it, by projection.

    For pictures of any size, and for trunks that may be trained; it scores a picture as a whole. `ProjectedCritic`
    scores places, behind random mixtures of the features that leave the generator no single channel to please, for
    which it wants pictures of one square size; it too can look through a `BackboneTrunk`.

    Args:
        backbone: as in `BackboneTrunk`.
        levels: sequence of ints from 1 to 5, the levels that have a head.
        weights, frozen: as in `BackboneTrunk`.
        filters: int, channels of the heads.
        num_classes: int, 0 for a critic without classes.

    Call arguments:
        images: float tensor of shape `(batch, height, width, 3)`, RGB in [-1, 1], both sides at least `min_side`: 32,
            of InceptionV3 43 with four levels and 75 with five.
        labels: tensor of shape `(batch, num_classes)`, rows that sum to 1; None without classes.
        training: bool.

    Output shape:
        `(batch, len(levels))`, float32: a logit of each head. The adversarial losses take their mean per picture, as if
        each were a critic of its own.

    Raises:
        ValueError: if an argument breaks its rule.

    Source: Sauer et al. 2021, "Projected GANs Converge Faster" (arXiv 2111.01007), section 3, without the random
    mixing of features.
    """

    def __init__(
        self, backbone, levels=(2, 3, 4), weights=None, frozen=True, filters=64, num_classes=0, **kwargs
    ):  # fmt: skip
        super().__init__(autocast=False, **kwargs)
        if not levels or min(levels) < 1 or len(set(levels)) < len(levels):
            raise ValueError(f"`levels` must be different levels from 1. Received: levels={levels}")
        if filters < 1:
            raise ValueError(f"`filters` must be positive. Received: filters={filters}")
        self.levels = tuple(levels)
        self.filters = filters
        self.num_classes = num_classes
        self.trunk = BackboneTrunk(backbone, max(levels), weights, frozen, name="trunk")
        policy = self.dtype_policy
        self.heads = [
            (
                SpectralConv2D(filters, 1, dtype=policy, name=f"mix_{level}"),
                SpectralConv2D(filters, 3, dtype=policy, name=f"judge_{level}"),
                ScoreHead(num_classes, spectral=True, name=f"score_{level}"),
            )
            for level in self.levels
        ]

    @property
    def min_side(self):
        """Int, the smallest height and width of a picture."""
        return self.trunk.smallest

    @property
    def blocks(self):
        """The heads, the one nearest to the picture first."""
        return [head for _, head in sorted(zip(self.levels, self.heads, strict=True), key=lambda pair: pair[0])]

    def build(self, images_shape=None, labels_shape=None):
        for level, (mix, judge, score) in zip(self.levels, self.heads, strict=True):
            mix.build((None, None, None, self.trunk.channels[level - 1]))
            judge.build((None, None, None, self.filters))
            score.build((None, self.filters), (None, self.num_classes))
        self.built = True

    def call(self, images, labels=None, training=False):
        features = self.trunk(images, training=training)
        logits = []
        for level, (mix, judge, score) in zip(self.levels, self.heads, strict=True):
            x = ops.cast(features[f"level_{level}"], self.compute_dtype)
            for convolution in (mix, judge):
                x = ops.leaky_relu(convolution(x, training=training), 0.2)
            logits.append(score(ops.mean(ops.cast(x, "float32"), axis=(1, 2)), labels, training=training))
        return ops.concatenate(logits, axis=-1)

    def compute_output_shape(self, images_shape, labels_shape=None):
        return images_shape[0], len(self.levels)

    def get_config(self):
        trunk = self.trunk.get_config()
        config = {name: trunk[name] for name in ("backbone", "weights", "frozen")}
        return {
            **super().get_config(),
            **config,
            "levels": self.levels,
            "filters": self.filters,
            "num_classes": self.num_classes,
        }
