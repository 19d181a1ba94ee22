"""Translation between several domains by one network, under a style of noise or of a reference picture."""

import keras
from keras import ops

from keras_stylegan.losses.penalties import r1_penalty
from keras_stylegan.losses.reconstruction import absolute_error
from keras_stylegan.models.players import Player, batch_size
from keras_stylegan.models.translation import TranslationModel
from keras_stylegan.ops.gradients import input_gradient, with_gradients


@keras.saving.register_keras_serializable(package="keras_stylegan")
class MultiDomainTranslation(TranslationModel):
    """A `DomainTranslator` against a critic with a logit for each domain.

    A picture `x` of a domain is brought into another by two styles of noise `s`, `s'`, and by two styles of reference
    pictures. The translator loses, in the mean of both ways, `adversarial_weight * L(D(G(x, s)))`,
    `style_weight * |E(G(x, s)) - s|`, `-diversity_weight * |G(x, s) - G(x, s')|` and
    `cycle_weight * |G(G(x, s), E(x)) - x|`; the critic its adversarial loss and R1.

    Args:
        translator: built `DomainTranslator`.
        critic: built `DomainEncoder` of one unit.
        loss: name of an adversarial loss.
        adversarial_weight: float.
        critic_weight: float.
        style_weight: float.
        diversity_weight: float, or a schedule over the images seen; the paper lets it fall to 0.
        cycle_weight: float.
        penalty_weight: float, gamma of R1.
        critic_steps: int.
        seed: int or None.

    Batches are dicts: `images` and two `references` `(batch, height, width, 3)`, `references_2`, in [-1, 1]; `labels`
    `(batch,)`, integers, the domains of the images; `targets` `(batch,)`, those of the references. Drawn where
    missing: `latents` and `latents_2`, `(batch, latent_dim)`, normally distributed.

    Raises:
        ValueError: if the critic has not one unit, or not the translator's domains.

    Source: Choi et al. 2020, "StarGAN v2", equations 1 to 6. There the translator has an update for each way; here both
    make one. As there, the style encoder learns from the way of noise alone: were it to read back styles that it has
    read from references itself, nothing would keep them from growing.
    """

    pictures = ("images",)

    def __init__(
        self,
        translator,
        critic,
        loss="non_saturating",
        adversarial_weight=1.0,
        critic_weight=1.0,
        style_weight=1.0,
        diversity_weight=1.0,
        cycle_weight=1.0,
        penalty_weight=1.0,
        critic_steps=1,
        seed=None,
        **kwargs,
    ):
        networks = {"translator": translator, "critic": critic}
        weights = (adversarial_weight, critic_weight, penalty_weight)
        super().__init__(networks, loss, *weights, critic_steps, seed, **kwargs)
        if critic.units != 1 or critic.num_domains != translator.num_domains:
            raise ValueError(
                f"`critic` must have one unit and the translator's {translator.num_domains} domains. "
                f"Received: units={critic.units}, num_domains={critic.num_domains}"
            )
        self.style_weight = style_weight
        self.diversity_weight = diversity_weight
        self.cycle_weight = cycle_weight

    def players(self):
        return [
            Player("critic", [self.critic], self.critic_terms, self.critic_steps),
            Player("generator", [self.translator], self.generator_terms),
        ]

    def averaged_network(self):
        return self.translator

    def draw(self, batch):
        shape = (batch_size(batch), self.translator.latent_dim)
        for name in ("latents", "latents_2"):
            if name not in batch:
                batch[name] = keras.random.normal(shape, seed=self.seed_generator)
        return batch

    def _one_hot(self, labels):
        return ops.one_hot(labels, self.translator.num_domains)

    def _styles(self, batch):
        """Two styles of noise and two of references, for the domains that are wanted."""
        targets = self._one_hot(batch["targets"])
        noise = [self.translator.styles_of_noise(batch[name], targets) for name in ("latents", "latents_2")]
        references = [
            ops.stop_gradient(self.translator.styles_of_pictures(batch[name], targets))
            for name in ("references", "references_2")
        ]
        return noise, references

    def critic_terms(self, batch):
        """Every term of the critic's loss, each of shape `(batch,)`."""
        images, labels, targets = batch["images"], self._one_hot(batch["labels"]), self._one_hot(batch["targets"])
        real, gradients = input_gradient(lambda x: self.critic(x, labels, training=True), images)
        losses = []
        for styles, _ in self._styles(batch):
            fake = ops.stop_gradient(self.translator(images, styles, training=True))
            losses.append(self.pair.discriminator(real, self.critic(fake, targets, training=True)))
        terms = {"adversarial": self.critic_weight * sum(losses) / len(losses)}
        if self.penalty_weight:
            terms["r1"] = r1_penalty(gradients, self.penalty_weight)
        return terms

    def generator_terms(self, batch):
        """Every weighted term of the translator's loss, each of shape `(batch,)`."""
        images, labels, targets = batch["images"], self._one_hot(batch["labels"]), self._one_hot(batch["targets"])
        read = self.translator.styles_of_pictures(images, labels)
        real = self.critic(images, labels, training=True) if self.pair.relativistic else None
        diversity_weight = self.now(self.diversity_weight)
        ways, (noise, references) = [], self._styles(batch)
        for (styles, others), own, distance in (
            (noise, read, self._distance),
            (references, ops.stop_gradient(read), self._distance_of_pictures),
        ):
            fake = self.translator(images, styles, training=True)
            other = ops.stop_gradient(self.translator(images, others, training=True))
            back = self.translator(fake, own, training=True)
            logits = self.critic(fake, targets, training=True)
            ways.append(
                {
                    "adversarial": self.adversarial_weight * self.pair.generator(real, logits),
                    "style": self.style_weight * distance(fake, targets, styles),
                    "diversity": -diversity_weight * absolute_error(fake, other),
                    "cycle": self.cycle_weight * absolute_error(back, images),
                }
            )
        return {name: sum(way[name] for way in ways) / len(ways) for name in ways[0]}

    def _distance(self, images, labels, styles):
        """How far the styles that are read from pictures are from others."""
        return absolute_error(self.translator.styles_of_pictures(images, labels), styles)

    def _distance_of_pictures(self, images, labels, styles):
        """The same, of which the pictures learn, and not who reads them."""
        pixels = ops.stop_gradient(images)
        return with_gradients(*input_gradient(lambda seen: self._distance(seen, labels, styles), pixels), images)

    def call(self, inputs, training=False):
        """Translated pictures of a dict of `images` and `styles`: what `predict` returns."""
        return self.sampler(inputs["images"], inputs["styles"], training=training)

    def get_config(self):
        names = ("style_weight", "cycle_weight")
        diversity = keras.saving.serialize_keras_object(self.diversity_weight)
        return {
            **super().get_config(),
            **{name: getattr(self, name) for name in names},
            "diversity_weight": diversity,
        }
