"""The common model of generators of pictures from noise: networks, losses and penalties by name."""

import keras
from keras import ops

from keras_stylegan.layers.constraints import ClipWeights
from keras_stylegan.losses.penalties import gradient_penalty, interpolate, r1_penalty, r2_penalty
from keras_stylegan.models.image_gan import ImageGAN
from keras_stylegan.models.players import Player, Regularizer, batch_size
from keras_stylegan.models.sampling import generate
from keras_stylegan.ops.gradients import input_gradient

PENALTIES = ("r1", "r2", "gradient_penalty", "drift")


@keras.saving.register_keras_serializable(package="keras_stylegan")
class NoiseToImage(ImageGAN):
    """A generator and a critic, trained against each other; which GAN it is, the arguments say.

    GAN, DCGAN, LSGAN, WGAN, WGAN-GP, SNGAN and R3GAN are this class with a network, a loss and penalties;
    `keras_stylegan.presets` holds them by name. What differs in more than that derives from it and overrides
    `imagine`, `reals` or the terms of a player.

    Networks are called as `generator(latents, labels, training=...)` and `critic(images, labels, training=...)`, with
    `labels` one-hot or None. A generator has `latent_dim`, `num_classes` and `size`; a critic `blocks`, from the
    picture inwards, and, for `rotation_weights`, `features(images, labels, training)` and `feature_size`.

    Args:
        generator: built generator.
        critic: built critic; its logit is high for pictures it takes for real.
        loss: name of an adversarial loss (`losses.ADVERSARIAL_LOSSES`).
        penalties: dict from the name of a penalty to its weight, a float or a schedule over the images seen:
            `"r1"` and `"r2"` (gamma), `"gradient_penalty"` (lambda, between real and generated pictures), `"drift"`
            (weight of the squared logits of real pictures).
        penalty_every: int, gradient penalties are taken on one critic update in so many, and multiplied by it.
        critic_steps: int, critic updates per generator update; they share a batch.
        weight_limit: None or float: the critic's weights are clipped to this bound after each update (WGAN).
        augment: None or a layer, as for `ImageGAN`.
        frozen_blocks: int, so many of the critic's blocks nearest to the picture do not train (FreezeD).
        rotation_weights: None or (critic's, generator's) weight of guessing rotations, as for `ImageGAN`.
        seed: int or None, of the draws of a step.

    `sampler` is what to ship: a model saved whole (`.keras`) holds the critic and the optimizers too.

    Batches are dicts: `images` `(batch, height, width, channels)` in [-1, 1] or uint8; with classes also `labels`
    `(batch,)`, integers; `fit` takes arrays of them too. Drawn where missing: `latents` `(batch, latent_dim)`, `mix`
    `(batch, 1, 1, 1)` and `turns` `(batch,)`.

    Raises:
        ValueError: if an argument breaks its rule.

    Source: Goodfellow et al. 2014 (GAN); FreezeD: Mo et al. 2020.
    """

    def __init__(
        self,
        generator,
        critic,
        loss="non_saturating",
        penalties=None,
        penalty_every=1,
        critic_steps=1,
        weight_limit=None,
        augment=None,
        frozen_blocks=0,
        rotation_weights=None,
        seed=None,
        **kwargs,
    ):
        super().__init__(generator, critic, loss, augment, frozen_blocks, rotation_weights, seed, **kwargs)
        unknown = sorted(set(penalties or {}) - set(PENALTIES))
        if unknown:
            raise ValueError(f"`penalties` must be among {', '.join(PENALTIES)}. Received: {', '.join(unknown)}")
        if penalty_every < 1:
            raise ValueError(f"`penalty_every` must be at least 1. Received: penalty_every={penalty_every}")
        self.penalties = dict(penalties or {})
        self.penalty_every = penalty_every
        self.critic_steps = critic_steps
        self.weight_limit = weight_limit
        if weight_limit is not None:
            for variable in critic.trainable_variables:
                variable.constraint = ClipWeights(weight_limit)
        self.built = True

    def players(self):
        return [
            Player("critic", self.critic_parts(), self.critic_terms, self.critic_steps, self._regularizers()),
            Player("generator", [self.generator], self.generator_terms),
        ]

    def _regularizers(self):
        """The lazy penalties; those of every update come along with the critic's own evaluation of a batch."""
        losses = {"r1": self.r1, "r2": self.r2, "gradient_penalty": self.gradient_penalty}
        due = [name for name in losses if name in self.penalties and self.penalty_every > 1]
        return [Regularizer(name, losses[name], self.penalty_every) for name in due]

    def draw(self, batch):
        size = batch_size(batch)
        if "latents" not in batch:
            batch["latents"] = self.draw_latents(size)
        if "gradient_penalty" in self.penalties and "mix" not in batch:
            batch["mix"] = keras.random.uniform((size, 1, 1, 1), seed=self.seed_generator)
        self.draw_turns(batch)
        return batch

    def draw_latents(self, size):
        """Random latents of shape `(size, latent_dim)`. May be overridden."""
        return keras.random.normal((size, self.generator.latent_dim), seed=self.seed_generator)

    def imagine(self, batch):
        """The generator's pictures for a batch, in training. May be overridden."""
        return self.generator(batch["latents"], self.labels(batch), training=True)

    def reals(self, batch):
        """The real pictures of a batch as the critic is to see them. May be overridden."""
        return batch["images"]

    def score(self, images, labels):
        """Logits of (augmented) pictures, in training."""
        return self.critic(self.augmented(images), labels, training=True)

    def weight(self, name):
        """The weight of a penalty at the images seen so far."""
        return self.now(self.penalties[name])

    def critic_terms(self, batch):
        """Every term of the critic's loss, each of shape `(batch,)`."""
        labels, terms = self.labels(batch), {}
        real, fake = self.reals(batch), ops.stop_gradient(self.imagine(batch))
        real_logits = self._judge(real, labels, "r1", r1_penalty, terms)
        fake_logits = self._judge(fake, labels, "r2", r2_penalty, terms)
        terms["adversarial"] = self.pair.discriminator(real_logits, fake_logits)
        if "drift" in self.penalties:
            squares = ops.reshape(ops.square(real_logits), (batch_size(batch), -1))
            terms["drift"] = self.weight("drift") * ops.mean(squares, axis=1)
        if "gradient_penalty" in self.penalties and self.penalty_every == 1:
            terms["gradient_penalty"] = self._penalize_between(real, fake, batch)
        self.observe(real_logits, fake_logits)
        return {**terms, **self.more_critic_terms(real, fake, batch)}

    def _judge(self, images, labels, name, penalty, terms):
        """Logits; where a penalty on these pictures is due at every update, one pass gives its term too."""
        if name not in self.penalties or self.penalty_every > 1:
            return self.score(images, labels)
        logits, gradients = input_gradient(lambda x: self.score(x, labels), images)
        terms[name] = penalty(gradients, self.weight(name))
        return logits

    def generator_terms(self, batch):
        """Every term of the generator's loss, each of shape `(batch,)`."""
        labels, fake = self.labels(batch), self.imagine(batch)
        real_logits = self.score(self.reals(batch), labels) if self.pair.relativistic else None
        adversarial = self.pair.generator(real_logits, self.score(fake, labels))
        return {"adversarial": adversarial, **self.more_generator_terms(fake, batch)}

    def more_critic_terms(self, real, fake, batch):
        """Terms of the critic beside the adversarial one, on the same pictures. May be extended."""
        return self.rotation_terms(real, batch, 0)

    def more_generator_terms(self, fake, batch):
        """Terms of the generator beside the adversarial one, on the same pictures. May be extended."""
        return self.rotation_terms(fake, batch, 1)

    def r1(self, batch):
        _, gradients = input_gradient(lambda x: self.score(x, self.labels(batch)), self.reals(batch))
        return r1_penalty(gradients, self.weight("r1"))

    def r2(self, batch):
        fake = ops.stop_gradient(self.imagine(batch))
        _, gradients = input_gradient(lambda x: self.score(x, self.labels(batch)), fake)
        return r2_penalty(gradients, self.weight("r2"))

    def gradient_penalty(self, batch):
        return self._penalize_between(self.reals(batch), ops.stop_gradient(self.imagine(batch)), batch)

    def _penalize_between(self, real, fake, batch):
        points = interpolate(real, fake, batch["mix"])
        _, gradients = input_gradient(lambda x: self.score(x, self.labels(batch)), points)
        return gradient_penalty(gradients, self.weight("gradient_penalty"))

    def call(self, inputs, training=False):
        """Pictures of latents, or of a dict of `latents` and one-hot `labels`: what `predict` returns."""
        if isinstance(inputs, dict):
            return self.sampler(inputs["latents"], inputs.get("labels"), training=training)
        return self.sampler(inputs, None, training=training)

    def generate(self, seeds, labels=None, batch_size=16, **options):
        """Pictures by seeds, of the averaged generator: as the function `generate`."""
        return generate(self.sampler, seeds, labels, batch_size, **options)

    def get_config(self):
        names = ("penalty_every", "critic_steps", "weight_limit")
        penalties = {k: keras.saving.serialize_keras_object(v) for k, v in self.penalties.items()}
        return {**super().get_config(), "penalties": penalties, **{name: getattr(self, name) for name in names}}

    @classmethod
    def from_config(cls, config):
        penalties = {k: keras.saving.deserialize_keras_object(v) for k, v in config["penalties"].items()}
        return super().from_config({**config, "penalties": penalties})
