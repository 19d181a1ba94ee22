"""Super-resolution: a network that enlarges pictures, trained with pixels, features and a critic of patches."""

import keras
from keras import ops

from keras_stylegan.losses.adversarial import adversarial_loss
from keras_stylegan.losses.content import content_loss
from keras_stylegan.losses.penalties import r1_penalty
from keras_stylegan.models.adversarial import AdversarialModel
from keras_stylegan.models.players import Player, Regularizer
from keras_stylegan.ops.gradients import input_gradient


@keras.saving.register_keras_serializable(package="keras_stylegan")
class SuperResolution(AdversarialModel):
    """Trains a network to make a photograph of its small, degraded version.

    The generator minimises `pixel_weight * L1 + perceptual_weight * (mean over taps of the relative squared error of
    features) + critic_weight * adversarial`. Pixels alone give the highest PSNR, and the mean of all pictures that fit;
    the other two make it choose one.

    Args:
        network: built `SuperResolutionNetwork`, the generator.
        perceptual: `PerceptualNetwork`, frozen; None where `perceptual_weight` is 0.
        critic: built `TextureCritic`; None where `critic_weight` is 0.
        pixel_weight: float, of the mean absolute error, in [-1, 1].
        perceptual_weight: float.
        critic_weight: float, lambda; or a `CosineSchedule` of it. What a new critic asks for is noise, by which a
            network that has learnt before loses: lambda may grow from 0 while the critic learns.
        loss: name of an adversarial loss (`losses.ADVERSARIAL_LOSSES`). The relativistic ones compare a picture with
            the photograph that it should be, patch by patch.
        penalty_weight: float, gamma of R1 on the mean logit of a picture's patches.
        penalty_every: int, the penalty is taken on one critic update in so many, and multiplied by it.

    Batches are dicts: `images` `(batch, height, width, 3)` in [-1, 1] and `small` `(batch, height / factor,
    width / factor, 3)`.

    Raises:
        ValueError: if an argument breaks its rule.

    Source: Ledig et al. 2017, "SRGAN" (arXiv 1609.04802), equation 3; relativistic: Wang et al. 2018, "ESRGAN"
    (arXiv 1809.00219), section 3.2. Deviation: R1 stands for batch norm as what keeps the critic in bounds.
    """

    def __init__(
        self,
        network,
        perceptual=None,
        critic=None,
        pixel_weight=1.0,
        perceptual_weight=0.0,
        critic_weight=0.0,
        loss="relativistic",
        penalty_weight=100.0,
        penalty_every=8,
        **kwargs,
    ):
        super().__init__(**kwargs)
        for name, part, weight in (
            ("perceptual", perceptual, perceptual_weight),
            ("critic", critic, critic_weight),
        ):
            weight = getattr(weight, "end", weight)
            if weight < 0 or (part is None) != (weight == 0):
                raise ValueError(
                    f"`{name}` and a `{name}_weight` above 0 go together. "
                    f"Received: {name}={part}, {name}_weight={weight}"
                )
        if pixel_weight < 0 or not (pixel_weight or perceptual_weight or critic_weight):
            raise ValueError(
                "`pixel_weight` must not be negative, and one of the weights must be above 0. "
                f"Received: pixel_weight={pixel_weight}"
            )
        self.network = network
        self.perceptual = perceptual
        self.critic = critic
        self.pixel_weight = pixel_weight
        self.perceptual_weight = perceptual_weight
        self.critic_weight = critic_weight
        self.loss_name = loss
        self.pair = adversarial_loss(loss)
        self.penalty_weight = penalty_weight
        self.penalty_every = penalty_every

    def players(self):
        generator = Player("generator", [self.network], self.generator_terms)
        if self.critic is None:
            return [generator]
        penalty = [Regularizer("r1", self.r1, self.penalty_every)] if self.penalty_weight else []
        return [Player("critic", [self.critic], self.critic_terms, regularizers=penalty), generator]

    def averaged_network(self):
        return self.network

    def frozen_networks(self):
        return [] if self.perceptual is None else [self.perceptual]

    def call(self, inputs, training=False):
        """Enlarges small pictures: what `predict` returns."""
        return self.network(inputs)

    def generator_terms(self, batch):
        """Every weighted term of the generator's loss, each of shape `(batch,)`."""
        images, enlarged = batch["images"], self.network(batch["small"])
        terms = {}
        if self.pixel_weight:
            terms["pixel"] = self.pixel_weight * ops.mean(ops.abs(enlarged - images), axis=(1, 2, 3))
        if self.perceptual is not None:
            features, wanted = self.perceptual(enlarged), self.perceptual(images)
            distances = [content_loss(features[tap], wanted[tap], "relative") for tap in features]
            terms["perceptual"] = self.perceptual_weight * sum(distances) / len(distances)
        if self.critic is not None:
            real_logits = self.critic(images) if self.pair.relativistic else None
            weight = self.now(self.critic_weight)
            terms["adversarial"] = weight * self.pair.generator(real_logits, self.critic(enlarged))
        return terms

    def critic_terms(self, batch):
        """The critic's adversarial loss, of shape `(batch,)`."""
        enlarged = ops.stop_gradient(self.network(batch["small"]))
        return {"adversarial": self.pair.discriminator(self.critic(batch["images"]), self.critic(enlarged))}

    def r1(self, batch):
        """R1 on the photographs, of shape `(batch,)`."""

        def score(images):
            return ops.mean(self.critic(images), axis=(1, 2, 3))

        _, gradients = input_gradient(score, batch["images"])
        return r1_penalty(gradients, self.penalty_weight)

    def get_config(self):
        config = super().get_config()
        for name in ("network", "perceptual", "critic"):
            config[name] = keras.saving.serialize_keras_object(getattr(self, name))
        config["critic_weight"] = keras.saving.serialize_keras_object(self.critic_weight)
        names = ("pixel_weight", "perceptual_weight", "penalty_weight", "penalty_every")
        return {**config, "loss": self.loss_name, **{name: getattr(self, name) for name in names}}

    @classmethod
    def from_config(cls, config):
        nested = {n: keras.saving.deserialize_keras_object(config[n]) for n in ("network", "perceptual", "critic")}
        for part in nested.values():
            if part is not None and not part.built:
                part.build((None, None, None, 3))
        weight = keras.saving.deserialize_keras_object(config["critic_weight"])
        return cls(**{**config, **nested, "critic_weight": weight})
