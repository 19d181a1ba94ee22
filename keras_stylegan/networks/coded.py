"""A generator part of whose latent are codes, and what reads them back."""

import math

import keras
import numpy as np
from keras import ops

# Continuous codes at which the latent is finite, and erf of it rounds to the ends of the range.
_FINITE = (-1 + 1e-7, 1 - 1e-7)


@keras.saving.register_keras_serializable(package="keras_stylegan")
class CodedGenerator(keras.Model):
    """Gives a generator's first inputs the distributions of codes, and leaves its latents normal.

    The first numbers of a latent become codes: of each group of K the largest is chosen, which makes a uniform choice
    of K categories, one-hot; each continuous code is erf(z / sqrt(2)), uniform in [-1, 1]. So latents of this
    generator come from the same distribution as those of any other, and a seed decides its codes.

    Args:
        generator: generator without classes, whose `latent_dim` exceeds the codes' size.
        categorical: sequence of ints, categories of each categorical code.
        continuous: int, continuous codes.

    Call arguments:
        latents: tensor of shape `(batch, latent_dim)`, normally distributed.
        labels: None.
        codes: tensor of shape `(batch or 1, code_size)` to use instead of the latents' own, as `codes` returns them.
        training: bool.

    Output shape:
        The generator's.

    Raises:
        ValueError: if there is no code, a code has fewer than two categories, or the latent has no room.

    Source: Chen et al. 2016, "InfoGAN: Interpretable Representation Learning by Information Maximizing Generative
    Adversarial Nets", section 4.
    """

    def __init__(self, generator, categorical=(10,), continuous=2, **kwargs):
        super().__init__(**kwargs)
        if any(count < 2 for count in categorical) or continuous < 0 or not (categorical or continuous):
            raise ValueError(
                "`categorical` must be numbers of categories, at least 2 each, and `continuous` a number of codes, at "
                f"least one code together. Received: categorical={categorical}, continuous={continuous}"
            )
        self.generator = generator
        self.categorical = tuple(categorical)
        self.continuous = continuous
        if generator.num_classes or self.code_size >= generator.latent_dim:
            raise ValueError(
                f"`generator` must have no classes and more than {self.code_size} latents. "
                f"Received: num_classes={generator.num_classes}, latent_dim={generator.latent_dim}"
            )

        # Here, where no name of this network stands before those of its weights, as in one that was loaded.
        if not generator.built:
            generator.build()

    num_classes = 0

    @property
    def code_size(self):
        """Numbers in the codes of a picture."""
        return sum(self.categorical) + self.continuous

    @property
    def latent_dim(self):
        return self.generator.latent_dim

    @property
    def size(self):
        return self.generator.size

    @property
    def channels(self):
        return self.generator.channels

    def build(self, latents_shape=None, labels_shape=None):
        self.built = True

    def codes(self, latents):
        """The codes of latents: one-hot categories one after the other, then continuous codes.

        Args:
            latents: tensor of shape `(batch, latent_dim)`.

        Returns:
            float32 tensor of shape `(batch, code_size)`.
        """
        latents = ops.cast(latents, "float32")
        parts, start = [], 0
        for count in self.categorical:
            parts.append(ops.one_hot(ops.argmax(latents[:, start : start + count], axis=-1), count))
            start += count
        parts.append(ops.erf(latents[:, start : self.code_size] / math.sqrt(2.0)))
        return ops.concatenate(parts, axis=-1)

    def latents_with(self, latents, codes):
        """Latents that differ from given ones in their codes alone: pictures steered by hand.

        Args:
            latents: float array of shape `(batch, latent_dim)`.
            codes: sequence with an entry for each code, the categorical ones first: the number of a category, or a
                number from -1 to 1; None leaves a code as it is.

        Returns:
            float32 array like `latents`.

        Raises:
            ValueError: if there are more or fewer entries than codes, or one is not a value of its code.
        """
        latents, start = np.array(latents, "float32"), 0
        if len(codes) != len(self.categorical) + self.continuous:
            raise ValueError(
                f"`codes` must be {len(self.categorical)} categories and {self.continuous} numbers from -1 to 1. "
                f"Received: {len(codes)}"
            )
        for count, category in zip(self.categorical, codes, strict=False):
            if category is not None:
                if category not in range(count):
                    raise ValueError(f"`codes` must have a category from 0 to {count - 1} here. Received: {category}")
                group = latents[:, start : start + count]  # its largest number moves, so that it stays as normal
                largest, chosen = group.max(axis=1), group[:, int(category)].copy()
                group[np.arange(len(group)), group.argmax(axis=1)] = chosen
                group[:, int(category)] = largest
            start += count
        for value in codes[len(self.categorical) :]:
            if value is not None:
                if not -1 <= value <= 1:
                    raise ValueError(f"`codes` must have a number from -1 to 1 here. Received: {value}")
                latents[:, start] = math.sqrt(2.0) * ops.convert_to_numpy(
                    ops.erfinv(np.float32(np.clip(value, *_FINITE)))
                )
            start += 1
        return latents

    def call(self, latents, labels=None, codes=None, training=False):
        latents = ops.cast(latents, "float32")
        own = self.codes(latents)
        # Broadcasts one row of codes to all latents.
        codes = own if codes is None else ops.zeros_like(own) + ops.cast(codes, "float32")
        return self.generator(ops.concatenate([codes, latents[:, self.code_size :]], axis=-1), training=training)

    def compute_output_shape(self, latents_shape, labels_shape=None):
        return latents_shape[0], *self.size, self.channels

    def get_config(self):
        return {
            **super().get_config(),
            "generator": keras.saving.serialize_keras_object(self.generator),
            "categorical": self.categorical,
            "continuous": self.continuous,
        }

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "generator": keras.saving.deserialize_keras_object(config["generator"])})


@keras.saving.register_keras_serializable(package="keras_stylegan")
class CodeReader(keras.Model):
    """Reads the codes of pictures: InfoGAN's Q, a head on the body of its critic.

    Args:
        critic: critic with `features` and `feature_size`.
        head: `CodeHead`.

    Call arguments:
        images: tensor of shape `(batch, height, width, channels)` in [-1, 1].

    Output shape:
        `(batch, code_size)`: logits of the categories, and means, in the order of `CodedGenerator.codes`.

    Source: Chen et al. 2016, section 5.
    """

    def __init__(self, critic, head, **kwargs):
        super().__init__(**kwargs)
        self.critic = critic
        self.head = head
        if not critic.built:
            critic.build()
        if not head.built:
            head.build((None, critic.feature_size))
        self.built = True

    def build(self, images_shape=None):
        pass

    def call(self, images, training=False):
        return self.head(self.critic.features(images, None, training=training))

    def compute_output_shape(self, images_shape):
        return images_shape[0], self.head.code_size

    def get_config(self):
        parts = {name: keras.saving.serialize_keras_object(getattr(self, name)) for name in ("critic", "head")}
        parts["head"].pop("build_config", None)  # the critic says how it is built
        return {**super().get_config(), **parts}

    @classmethod
    def from_config(cls, config):
        parts = {name: keras.saving.deserialize_keras_object(config[name]) for name in ("critic", "head")}
        return cls(**{**config, **parts})
