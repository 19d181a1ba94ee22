"""StyleGAN2 as it trains: style mixing, the mean style, lazy R1 and path length."""

import math

import keras
import numpy as np
from keras import ops

from keras_stylegan.losses.penalties import path_length_penalty, path_lengths, r1_penalty, r2_penalty
from keras_stylegan.models.image_gan import ImageGAN
from keras_stylegan.models.players import Player, Regularizer, batch_size
from keras_stylegan.models.sampling import generate
from keras_stylegan.networks.style_mixing import check_mixing_probability
from keras_stylegan.ops.gradients import input_gradient

# Share of the old value that the running mean of path lengths keeps at each evaluation.
PATH_LENGTH_DECAY = 0.99


def r1_gamma(size, batch_size):
    """Weight of R1 that suits a size and a batch, `0.0002 * height * width / batch_size`.

    Source: Karras et al. 2020, "Training Generative Adversarial Networks with Limited Data", reference code. Good for
    a start; then try a quarter and four times of it.
    """
    return 0.0002 * size[0] * size[1] / batch_size


@keras.saving.register_keras_serializable(package="keras_stylegan")
class StyleGAN2(ImageGAN):
    """Trains a `StyleGAN2Generator` against a `StyleGAN2Critic`.

    Args:
        generator: built `StyleGAN2Generator`.
        critic: built `StyleGAN2Critic` or `ProjectedCritic` of the same size, channels and classes; or a
            `BackboneCritic`, for any size, of the same classes.
        loss: name of the adversarial loss: `"non_saturating"`, StyleGAN2's own, or `"relativistic"`, or another of
            `losses.ADVERSARIAL_LOSSES`.
        gamma: float, weight of R1 (`r1_gamma` suggests one), or a schedule of it over the images seen.
        penalize_fakes: bool, whether R2 with the same weight plays along: the relativistic loss needs it.
        penalty_every: int, R1 and R2 are taken on one critic update in so many, and multiplied by it.
        path_length_weight: float, 0 leaves the path length penalty out.
        path_length_every: int, likewise, in generator updates; it takes every second image of the batch.
        mixing_probability: float in [0, 1], share of pictures made of two styles.
        augment: None or a layer, as for `ImageGAN`. R1's gradient is that before the augmentation.
        frozen_blocks: int, so many of the critic's blocks nearest to the picture do not train (FreezeD, for a critic
            that begins with another's weights).
        rotation_weights: None or (critic's, generator's) weight of guessing rotations, as for `ImageGAN`; for a
            `StyleGAN2Critic`.
        seed: int or None, of the draws of a step.

    `sampler` is what to ship: a model saved whole (`.keras`) holds the critic and the optimizers too.
    On several replicas each compares path lengths with a running mean that its own part of the batch has moved (by a
    hundredth); of these means the average is kept.

    Batches are dicts: `images` `(batch, height, width, channels)` in [-1, 1], and with classes `labels` `(batch,)`,
    integers, which the generated pictures share. Drawn where missing, of each player: `critic/latents`
    `(batch, 2, latent_dim)`, `critic/cutoff` `(batch,)` (the layer from which the second style rules), `critic/noise`
    `(batch, noise_size)`, and `generator/...` likewise; `path_picture`, of the pictures' shape; `turns` `(batch,)`.

    Raises:
        ValueError: if an argument breaks its rule.

    Source: Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN"; FreezeD: Mo et al. 2020;
    relativistic loss with R1 and R2: Huang et al. 2024, "The GAN is dead; long live the GAN!".
    """

    def __init__(
        self,
        generator,
        critic,
        loss="non_saturating",
        gamma=1.0,
        penalize_fakes=False,
        penalty_every=16,
        path_length_weight=2.0,
        path_length_every=4,
        mixing_probability=0.9,
        augment=None,
        frozen_blocks=0,
        rotation_weights=None,
        seed=None,
        **kwargs,
    ):
        super().__init__(generator, critic, loss, augment, frozen_blocks, rotation_weights, seed, **kwargs)
        for name in ("size", "channels", "num_classes"):
            ours = getattr(generator, name)
            theirs = getattr(critic, name, ours)  # a critic for pictures of any size has none of its own
            if ours != theirs:
                raise ValueError(f"`generator` and `critic` must have the same `{name}`. Received: {ours} and {theirs}")
        for name, value in (("gamma", gamma), ("path_length_weight", path_length_weight)):
            if not callable(value) and value < 0:
                raise ValueError(f"`{name}` must not be negative. Received: {name}={value}")
        check_mixing_probability(mixing_probability)
        self.gamma = gamma
        self.penalize_fakes = penalize_fakes
        self.penalty_every = penalty_every
        self.path_length_weight = path_length_weight
        self.path_length_every = path_length_every
        self.mixing_probability = mixing_probability
        self.mean_path_length = self.add_weight(
            name="mean_path_length", shape=(), initializer="zeros", trainable=False, dtype=generator.variable_dtype
        )
        self.built = True  # its networks are

    def players(self):
        penalties = [Regularizer("r1", self.r1, self.penalty_every)] if self.gamma else []
        if self.gamma and self.penalize_fakes:
            penalties.append(Regularizer("r2", self.r2, self.penalty_every))
        smoothness = []
        if self.path_length_weight:
            state = [self.mean_path_length]
            smoothness.append(Regularizer("path_length", self.path_length, self.path_length_every, state))
        return [
            Player("critic", self.critic_parts(), self.critic_terms, regularizers=penalties),
            Player("generator", [self.generator], self.generator_terms, regularizers=smoothness),
        ]

    def draw(self, batch):
        generator, size = self.generator, batch_size(batch)
        options = {"seed": self.seed_generator, "dtype": generator.variable_dtype}
        for player in ("critic", "generator"):
            if f"{player}/latents" not in batch:
                batch[f"{player}/latents"] = keras.random.normal((size, 2, generator.latent_dim), **options)
            if f"{player}/cutoff" not in batch:
                cutoffs = generator.draw_cutoffs(size, self.mixing_probability, self.seed_generator)
                batch[f"{player}/cutoff"] = cutoffs
            if f"{player}/noise" not in batch:
                batch[f"{player}/noise"] = keras.random.normal((size, generator.noise_size), **options)
        if self.path_length_weight and "path_picture" not in batch:
            shape = (size, *generator.size, generator.channels)
            batch["path_picture"] = keras.random.normal(shape, **options)
        self.draw_turns(batch)
        return batch

    def styles(self, batch, player):
        """Mixed styles of a player's latents, and the unmixed first ones, from which the mean style is taken."""
        latents, labels = batch[f"{player}/latents"], self.labels(batch)
        first, second = (self.generator.map_latents(latents[:, i], labels) for i in (0, 1))
        return self.generator.mix(first, second, batch[f"{player}/cutoff"]), first

    def score(self, images, batch):
        """Logits of pictures after augmentation."""
        return self.critic(self.augmented(images), self.labels(batch), training=True)

    def imagine(self, batch, player):
        """A player's generated pictures."""
        return self.generator.synthesize(self.styles(batch, player)[0], batch[f"{player}/noise"])

    def critic_terms(self, batch):
        """The terms of the critic's loss, each of shape `(batch,)`; moves an adaptive augmentation."""
        fake = ops.stop_gradient(self.imagine(batch, "critic"))
        real_logits, fake_logits = self.score(batch["images"], batch), self.score(fake, batch)
        self.observe(real_logits, fake_logits)
        adversarial = self.pair.discriminator(real_logits, fake_logits)
        return {"adversarial": adversarial, **self.rotation_terms(batch["images"], batch, 0)}

    def generator_terms(self, batch):
        """The terms of the generator's loss, each of shape `(batch,)`; moves the mean style."""
        styles, first = self.styles(batch, "generator")
        self.generator.update_mean_styles(first, self.labels(batch))
        fake = self.generator.synthesize(styles, batch["generator/noise"])
        real_logits = self.score(batch["images"], batch) if self.pair.relativistic else None
        adversarial = self.pair.generator(real_logits, self.score(fake, batch))
        return {"adversarial": adversarial, **self.rotation_terms(fake, batch, 1)}

    def r1(self, batch):
        """Gradient penalty on real pictures."""
        _, gradients = input_gradient(lambda images: self.score(images, batch), batch["images"])
        return r1_penalty(gradients, self.now(self.gamma))

    def r2(self, batch):
        """Gradient penalty on generated pictures."""
        fake = ops.stop_gradient(self.imagine(batch, "critic"))
        _, gradients = input_gradient(lambda images: self.score(images, batch), fake)
        return r2_penalty(gradients, self.now(self.gamma))

    def path_length(self, batch):
        """Path length penalty on every second image, scaled so that its mean over the batch is that over the half.

        Source: Karras et al. 2020, appendix B (half of the batch).
        """
        half = {name: tensor[::2] for name, tensor in batch.items()}
        lengths = self.path_lengths(half)
        mean = ops.cast(self.mean_path_length, lengths.dtype)
        mean = PATH_LENGTH_DECAY * mean + (1.0 - PATH_LENGTH_DECAY) * ops.stop_gradient(ops.mean(lengths))
        self.mean_path_length.assign(mean)
        penalty = path_length_penalty(lengths, mean, self.path_length_weight)
        share = ops.cast(batch_size(batch), penalty.dtype) / ops.cast(batch_size(half), penalty.dtype)
        return penalty * share

    def path_lengths(self, batch):
        """Lengths of the generator's pictures of a batch, of shape `(batch,)`."""
        height, width = self.generator.size
        direction = batch["path_picture"] / math.sqrt(height * width)

        def along(styles):
            return ops.sum(self.generator.synthesize(styles, batch["generator/noise"]) * direction, axis=(1, 2, 3))

        _, gradients = input_gradient(along, self.styles(batch, "generator")[0])
        return path_lengths(gradients)

    def call(self, inputs):
        """Pictures of latents, or of a dict of `latents` and one-hot `labels`, perhaps `truncation`: for `predict`."""
        inputs = inputs if isinstance(inputs, dict) else {"latents": inputs}
        return self.sampler(**inputs)

    def generate(self, seeds, labels=None, batch_size=16, truncation=1.0):
        """Generates a picture for each seed with the averaged generator; arguments as of `models.generate`.

        Args:
            truncation: float from 0 to 2, psi.

        Raises:
            ValueError: as `models.generate`; if `truncation` is out of range.
        """
        if not 0 <= truncation <= 2:
            raise ValueError(f"`truncation` must be from 0 to 2. Received: truncation={truncation}")
        return generate(self.sampler, seeds, labels, batch_size, truncation=np.float32(truncation))

    def get_config(self):
        names = ("penalize_fakes", "penalty_every", "path_length_weight", "path_length_every", "mixing_probability")
        gamma = keras.saving.serialize_keras_object(self.gamma)
        return {**super().get_config(), "gamma": gamma, **{name: getattr(self, name) for name in names}}

    @classmethod
    def from_config(cls, config):
        return super().from_config({**config, "gamma": keras.saving.deserialize_keras_object(config["gamma"])})
