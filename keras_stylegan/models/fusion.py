"""The fusion system: harmonises regions that were put into a picture, judged on the whole and on the region."""

import keras
from keras import ops

from keras_stylegan.losses.adversarial import adversarial_loss
from keras_stylegan.losses.content import content_loss
from keras_stylegan.losses.penalties import r1_penalty
from keras_stylegan.models.adversarial import AdversarialModel
from keras_stylegan.models.players import Player, Regularizer, batch_size
from keras_stylegan.ops.gradients import input_gradient
from keras_stylegan.ops.regions import coverage

# What the critic scores, as its losses are called.
_SCORES = ("patches", "region")
_GREY_LEVEL = 2 / 255


class Fusion(AdversarialModel):
    """Trains a `FusionGenerator` on pairs whose truth is known.

    A pair is a photograph, the target, and a changed copy of it, the source, of which masks let regions through; the
    target is also what the fused picture should be. (The generator reads the target only outside of the regions.)

    Terms of the generator: the error over the regions' pixels, on the scale of decibels (`region_error`); the relative
    distance of perceptual features of the whole picture, mean over taps; and the adversarial losses, `patches` on the
    whole and `region` on the region. Relativistic ones compare each patch with that of the photograph at its place:
    both are equal where no region is, so that only the regions count.

    Args:
        generator: `FusionGenerator`.
        perceptual: `PerceptualNetwork`, frozen.
        critic: optional `FusionCritic`.
        error_weight: float.
        perceptual_weight: float.
        critic_weight: float, of either adversarial loss; or a `CosineSchedule` of it. With 0 there is no critic.
        loss: name of an adversarial loss (`losses.ADVERSARIAL_LOSSES`).
        penalty_weight: float, gamma of R1 on the sum of a photograph's mean logit and its region's.
        penalty_every: int, the penalty is taken on one critic update in so many, and multiplied by it.

    Batches are dicts of `source`, `target` `(batch, height, width, 3)` in [-1, 1] and `masks`
    `(batch, height, width, regions)` in [0, 1]; `noise`, `(batch, latent_dim)`, is drawn where missing.

    Raises:
        ValueError: if `critic` and `critic_weight` do not go together.
    """

    def __init__(
        self,
        generator,
        perceptual,
        critic=None,
        error_weight=0.25,
        perceptual_weight=1.0,
        critic_weight=0.0,
        loss="relativistic",
        penalty_weight=0.1,
        penalty_every=8,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if (critic is None) != (getattr(critic_weight, "end", critic_weight) == 0):
            raise ValueError(
                "`critic` and a `critic_weight` above 0 go together. "
                f"Received: critic={critic}, critic_weight={critic_weight}"
            )
        self.generator = generator
        self.perceptual = perceptual
        self.critic = critic
        self.error_weight = error_weight
        self.perceptual_weight = perceptual_weight
        self.critic_weight = critic_weight
        self.pair = adversarial_loss(loss)
        self.penalty_weight = penalty_weight
        self.penalty_every = penalty_every

    def players(self):
        generator = Player("generator", [self.generator], self.generator_terms)
        if self.critic is None:
            return [generator]
        penalty = [Regularizer("r1", self.r1, self.penalty_every)] if self.penalty_weight else []
        return [Player("critic", [self.critic], self.critic_terms, regularizers=penalty), generator]

    def frozen_networks(self):
        return [self.perceptual]

    def draw(self, batch):
        if "noise" not in batch:
            shape = (batch_size(batch), self.generator.latent_dim)
            batch["noise"] = keras.random.normal(shape, seed=self.seed_generator)
        return batch

    def generator_terms(self, batch):
        """Every weighted term of the generator's loss, each of shape `(batch,)`."""
        target, masks = batch["target"], batch["masks"]
        fused = self.generator(batch)
        terms = {"error": self.error_weight * region_error(fused, target, masks)}
        if self.perceptual_weight:
            features, wanted = self.perceptual(fused), self.perceptual(target)
            distance = sum(content_loss(features[tap], wanted[tap]) for tap in wanted) / len(wanted)
            terms["perceptual"] = self.perceptual_weight * distance
        if self.critic is not None:
            real = self.critic(target, masks) if self.pair.relativistic else (None, None)
            weight = self.now(self.critic_weight)
            for name, *logits in zip(_SCORES, real, self.critic(fused, masks), strict=True):
                terms[name] = weight * self.pair.generator(*logits)
        return terms

    def critic_terms(self, batch):
        """Adversarial losses of the critic on the whole and on the region, each of shape `(batch,)`."""
        target, masks = batch["target"], batch["masks"]
        fused = ops.stop_gradient(self.generator(batch))
        real, fake = self.critic(target, masks), self.critic(fused, masks)
        return {name: self.pair.discriminator(*logits) for name, *logits in zip(_SCORES, real, fake, strict=True)}

    def r1(self, batch):
        """R1 on the photographs, of shape `(batch,)`."""

        def score(images):
            patches, region = self.critic(images, batch["masks"])
            return ops.mean(patches, axis=(1, 2)) + region

        _, gradients = input_gradient(score, batch["target"])
        return r1_penalty(gradients, self.penalty_weight)


def region_error(fused, target, masks):
    """Error over the pixels of the regions, for each image: `log(1 + mean squared error / grey level^2)`.

    Far above a grey level it falls with the PSNR, decibel by decibel, so that a picture that is nearly right counts for
    as much as one that is far off: a mean absolute error would be all of those changes that nothing undoes, such as
    noise. Below a grey level nothing is to be gained.

    Args:
        fused, target: tensors of shape `(batch, height, width, 3)`, RGB in [-1, 1].
        masks: tensor of shape `(batch, height, width, regions)`, weights of the pixels.

    Returns:
        Float32 tensor of shape `(batch,)`; 0 without regions.
    """
    covered = coverage(masks)
    square = ops.square(ops.cast(fused, "float32") - ops.cast(target, "float32"))
    total = ops.sum(covered * ops.mean(square, axis=-1, keepdims=True), axis=(1, 2, 3))
    return ops.log1p(total / ops.maximum(ops.sum(covered, axis=(1, 2, 3)), 1.0) / _GREY_LEVEL**2)
