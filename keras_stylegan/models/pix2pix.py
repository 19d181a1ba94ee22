"""pix2pix: translation learnt from pairs."""

import keras

from keras_stylegan.losses.reconstruction import absolute_error
from keras_stylegan.models.players import Player
from keras_stylegan.models.translation import TranslationModel


@keras.saving.register_keras_serializable(package="keras_stylegan")
class Pix2Pix(TranslationModel):
    """A translator that must hit the pair's other picture, and convince a critic that sees both.

    `reconstruction_weight * |G(a) - b| + adversarial_weight * L(D(G(a), a))`. The paper's ablations: without a critic
    L1 alone; with one that has no condition, `L(D(G(a)))`, L1 with a GAN that judges results alone.

    Args:
        generator: built translator with `channels` and `stride`.
        critic: built `PatchGANCritic` under the condition of the picture that comes in; one without condition, such
            as a `BackboneCritic`, sees results alone, and their classes; None trains by the reconstruction alone.
        loss: name of an adversarial loss.
        reconstruction_weight: float, lambda of L1.
        adversarial_weight: float.
        critic_weight: float, of the critic's loss, which the paper halves; `"least_squares"` is halved already.
        penalty_weight: float, of the gradient penalty; 0 for none.
        critic_steps: int.
        seed: int or None.

    Batches are dicts: `images_a` `(batch, height, width, channels)`, what comes in, and `images_b`, what is wanted, in
    [-1, 1]; and where generator or critic has `num_classes`, such as a `BackboneUNet`, `labels` `(batch, num_classes)`,
    rows that sum to 1.

    Raises:
        ValueError: if there is nothing to learn from, or an argument breaks its rule.

    Source: Isola et al. 2017, "Image-to-Image Translation with Conditional Adversarial Networks", equations 1 to 4.
    """

    def __init__(
        self,
        generator,
        critic=None,
        loss="non_saturating",
        reconstruction_weight=100.0,
        adversarial_weight=1.0,
        critic_weight=0.5,
        penalty_weight=0.0,
        critic_steps=1,
        seed=None,
        **kwargs,
    ):
        networks = {"generator": generator, "critic": critic}
        weights = (adversarial_weight, critic_weight, penalty_weight)
        super().__init__(networks, loss, *weights, critic_steps, seed, **kwargs)
        if critic is None and not reconstruction_weight > 0:
            raise ValueError(
                "`reconstruction_weight` must be positive without a critic. "
                f"Received: reconstruction_weight={reconstruction_weight}"
            )
        self.reconstruction_weight = reconstruction_weight

    def condition(self, batch):
        """What the critic sees beside a picture: the one that it was made from, its class, or None."""
        if getattr(self.critic, "num_classes", 0):
            return batch["labels"]
        return batch["images_a"] if getattr(self.critic, "condition_channels", 0) else None

    def translate(self, batch):
        """The translator's pictures for a batch, in training."""
        labels = (batch["labels"],) if getattr(self.generator, "num_classes", 0) else ()
        return self.generator(batch["images_a"], *labels, training=True)

    def players(self):
        generator = Player("generator", [self.generator], self.generator_terms)
        if self.critic is None:
            return [generator]
        return [Player("critic", [self.critic], self.critic_terms, self.critic_steps), generator]

    def draw(self, batch):
        return batch if self.critic is None else super().draw(batch)

    def critic_terms(self, batch):
        """Every term of the critic's loss, each of shape `(batch,)`."""
        fake = self.translate(batch)
        return self.critic_losses(self.critic, batch["images_b"], fake, batch, self.condition(batch))

    def generator_terms(self, batch):
        """Every weighted term of the translator's loss, each of shape `(batch,)`."""
        target = batch["images_b"]
        fake = self.translate(batch)
        terms = {"reconstruction": self.reconstruction_weight * absolute_error(fake, target)}
        if self.critic is not None:
            terms["adversarial"] = self.adversarial_term(self.critic, target, fake, self.condition(batch))
        return terms

    def call(self, images, labels=None, training=False):
        """Translated pictures: what `predict` returns; with `labels` for a translator that has classes."""
        return self.sampler(*((images,) if labels is None else (images, labels)), training=training)

    def get_config(self):
        return {**super().get_config(), "reconstruction_weight": self.reconstruction_weight}
