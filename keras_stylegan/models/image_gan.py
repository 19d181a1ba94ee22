"""What GANs that turn noise into pictures share: a generator, a critic, and augmentation between them."""

import keras
from keras import ops

from keras_stylegan.losses.adversarial import adversarial_loss
from keras_stylegan.models.adversarial import AdversarialModel

_NESTED = ("generator", "critic", "augment")


class ImageGAN(AdversarialModel):
    """A generator and a critic of pictures; a child adds the players, their terms and the draws.

    Args:
        generator: built generator with `num_classes`.
        critic: built critic with `blocks`, from the picture inwards.
        loss: name of an adversarial loss (`losses.ADVERSARIAL_LOSSES`).
        augment: None or a layer, called as `augment(images, training=True)` on everything the critic sees; if it has
            `observe`, that is called with the logits of real pictures in each critic update, and its `signals` are
            logged.
        frozen_blocks: int, so many of the critic's blocks nearest to the picture do not train (FreezeD).
        seed: int or None, of the draws of a step.

    Raises:
        ValueError: if the loss is unknown, or no block of the critic is left to train.

    Source: FreezeD: Mo et al. 2020, "Freeze the Discriminator: a Simple Baseline for Fine-Tuning GANs".
    """

    def __init__(self, generator, critic, loss="non_saturating", augment=None, frozen_blocks=0, seed=None, **kwargs):
        super().__init__(seed=seed, **kwargs)
        if not 0 <= frozen_blocks < len(critic.blocks):
            raise ValueError(
                f"`frozen_blocks` must leave one of the critic's {len(critic.blocks)} blocks to train. "
                f"Received: frozen_blocks={frozen_blocks}"
            )
        self.generator = generator
        self.critic = critic
        self.loss_name = loss
        self.pair = adversarial_loss(loss)
        self.augment = augment
        self.frozen_blocks = frozen_blocks
        self.seed = seed
        for layer in keras.tree.flatten(critic.blocks[:frozen_blocks]):
            layer.trainable = False

    def labels(self, batch):
        """The classes of a batch, one-hot, or None."""
        return ops.one_hot(batch["labels"], self.generator.num_classes) if self.generator.num_classes else None

    def augmented(self, images):
        """Pictures as the critic is to see them, in training."""
        return images if self.augment is None else self.augment(images, training=True)

    def observe(self, real_logits, fake_logits):
        """Shows the critic's logits of a batch to an augmentation that follows them: once in each critic update."""
        if hasattr(self.augment, "observe"):
            # A relativistic logit means something only beside the other's.
            logits = real_logits - fake_logits if self.pair.relativistic else real_logits
            scheduled = getattr(self.augment, "schedule", None) is not None
            self.augment.observe(*([logits, self.images_seen] if scheduled else [logits]))

    def signals(self):
        return self.augment.signals() if hasattr(self.augment, "signals") else {}

    def get_config(self):
        return {
            **super().get_config(),
            **{name: keras.saving.serialize_keras_object(getattr(self, name)) for name in _NESTED},
            "loss": self.loss_name,
            "frozen_blocks": self.frozen_blocks,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config):
        nested = {name: keras.saving.deserialize_keras_object(config[name]) for name in _NESTED}
        for name in ("generator", "critic"):
            if not nested[name].built:
                nested[name].build()
        return cls(**{**config, **nested})
