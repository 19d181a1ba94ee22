"""What GANs from picture to picture share: an adversarial pair, its penalty, and how often the critic plays."""

import keras
from keras import ops

from keras_stylegan.losses.adversarial import adversarial_loss
from keras_stylegan.losses.penalties import gradient_penalty, interpolate
from keras_stylegan.models.adversarial import AdversarialModel
from keras_stylegan.models.picture_batches import as_floats, check_values
from keras_stylegan.models.players import batch_size
from keras_stylegan.ops.gradients import input_gradient


class TranslationModel(AdversarialModel):
    """A model of translators and critics; a child names them, adds the players and says what a translator loses.

    Args:
        networks: dict from the name of an argument of the child to its built network or None; each becomes an attribute
            of that name, and is saved with the model.
        loss: name of an adversarial loss (`losses.ADVERSARIAL_LOSSES`).
        adversarial_weight: float, of the translators' adversarial terms.
        critic_weight: float, of the critics' adversarial terms.
        penalty_weight: float, lambda of the gradient penalty between real and translated pictures; 0 for none.
        critic_steps: int, critic updates per translator update; they share a batch.
        seed: int or None, of the draws of a step.

    Drawn where missing in a batch, with a penalty: `mix` `(batch, 1, 1, 1)`, uniform in [0, 1].

    Raises:
        ValueError: if the loss is unknown.
    """

    # Names of the pictures in a batch.
    pictures = ("images_a", "images_b")

    def __init__(self, networks, loss, adversarial_weight, critic_weight, penalty_weight, critic_steps, seed, **kwargs):
        super().__init__(seed=seed, **kwargs)
        for name, network in networks.items():
            setattr(self, name, network)
        self.network_names = tuple(networks)
        self.loss_name = loss
        self.pair = adversarial_loss(loss)
        self.adversarial_weight = adversarial_weight
        self.critic_weight = critic_weight
        self.penalty_weight = penalty_weight
        self.critic_steps = critic_steps
        self.seed = seed
        self.built = True

    def as_batch(self, x, y=None):
        """Pictures of A, with those of B beside them, as a batch.

        Args:
            x: dict with `images_a` and `images_b`, float in [-1, 1] or uint8; or `images_a` alone.
            y: None, or `images_b`.

        Returns:
            Dict of tensors.

        Raises:
            ValueError: if one of them is missing, or of another type.
        """
        first, *others = self.pictures
        batch = dict(x) if isinstance(x, dict) else {first: x}
        if y is not None and others:
            batch[others[0]] = y
        missing = [name for name in self.pictures if name not in batch]
        if missing:
            raise ValueError(f"The data must have `{missing[0]}`. Received: {', '.join(batch) or 'nothing'}")
        return {**batch, **{name: as_floats(batch[name], name) for name in self.pictures}}

    def check_first(self, batch):
        check_values(batch)

    def draw(self, batch):
        if self.penalty_weight and "mix" not in batch:
            batch["mix"] = keras.random.uniform((batch_size(batch), 1, 1, 1), seed=self.seed_generator)
        return batch

    def critic_losses(self, critic, real, fake, batch, condition=None):
        """A critic's terms on real and translated pictures, each of shape `(batch,)`.

        Args:
            critic: called as `critic(images, condition, training=True)`.
            real: tensor of shape `(batch, height, width, channels)`.
            fake: tensor of the same shape; no gradient goes through it.
            batch: the batch, with its draws.
            condition: None, or the pictures that these were made from.
        """
        fake = ops.stop_gradient(fake)
        logits = critic(real, condition, training=True), critic(fake, condition, training=True)
        terms = {"adversarial": self.critic_weight * self.pair.discriminator(*logits)}
        if self.penalty_weight:

            def value(images):
                """The critic's of a picture: the mean over its patches or heads, as in its loss."""
                logits = critic(images, condition, training=True)
                return ops.mean(logits, axis=tuple(range(1, len(logits.shape))))

            _, gradients = input_gradient(value, interpolate(real, fake, batch["mix"]))
            terms["penalty"] = gradient_penalty(gradients, self.penalty_weight)
        return terms

    def adversarial_term(self, critic, real, fake, condition=None):
        """The weighted loss of whoever made `fake`, of shape `(batch,)`; arguments as for `critic_losses`."""
        real_logits = critic(real, condition, training=True) if self.pair.relativistic else None
        return self.adversarial_weight * self.pair.generator(real_logits, critic(fake, condition, training=True))

    def get_config(self):
        networks = {name: keras.saving.serialize_keras_object(getattr(self, name)) for name in self.network_names}
        names = ("adversarial_weight", "critic_weight", "penalty_weight", "critic_steps", "seed")
        numbers = {name: getattr(self, name) for name in names}
        return {**super().get_config(), **networks, "loss": self.loss_name, **numbers}

    @classmethod
    def from_config(cls, config):
        values = {}
        for name, value in config.items():
            network = isinstance(value, dict) and "class_name" in value
            values[name] = keras.saving.deserialize_keras_object(value) if network else value
            if network and isinstance(values[name], keras.Model) and not values[name].built:
                values[name].build()
        return cls(**values)
