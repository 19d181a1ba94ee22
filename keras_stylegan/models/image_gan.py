"""What GANs that turn noise into pictures share: a generator, a critic, and augmentation between them."""

import keras
from keras import ops

from keras_stylegan.losses.adversarial import adversarial_loss
from keras_stylegan.losses.rotation import rotate, rotation_loss
from keras_stylegan.models.adversarial import AdversarialModel
from keras_stylegan.models.picture_batches import check_pictures, check_values
from keras_stylegan.models.players import batch_size

_NESTED = ("generator", "critic", "augment")


class ImageGAN(AdversarialModel):
    """A generator and a critic of pictures; a child adds the players, their terms and the draws.

    Args:
        generator: built generator with `size` and `num_classes`.
        critic: built critic with `blocks`, from the picture inwards, and, for `rotation_weights`,
            `features(images, labels, training)` and `feature_size`.
        loss: name of an adversarial loss (`losses.ADVERSARIAL_LOSSES`).
        augment: None or a layer, called as `augment(images, training=True)` on everything the critic scores (where it
            guesses rotations or codes it sees pictures as they are, as augmentation would change the answer); if it has
            `observe`, that is called with the logits of real pictures in each critic update, and its `signals` are
            logged.
        frozen_blocks: int, so many of the critic's blocks nearest to the picture do not train (FreezeD).
        rotation_weights: None or (critic's, generator's) weight of guessing by how many quarter turns a picture was
            rotated: the self-supervised GAN. Needs square pictures. Zeros leave it out.
        seed: int or None, of the draws of a step.

    Raises:
        ValueError: if the loss is unknown, no block of the critic is left to train, or rotations cannot be guessed.

    Source: FreezeD: Mo et al. 2020, "Freeze the Discriminator: a Simple Baseline for Fine-Tuning GANs"; rotations:
    Chen et al. 2019, "Self-Supervised GANs via Auxiliary Rotation Loss".
    """

    def __init__(
        self,
        generator,
        critic,
        loss="non_saturating",
        augment=None,
        frozen_blocks=0,
        rotation_weights=None,
        seed=None,
        **kwargs,
    ):
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
        self.rotation_weights = tuple(rotation_weights) if any(rotation_weights or ()) else None
        self.rotation_head = None
        if self.rotation_weights:
            self._check_rotation()
            self.rotation_head = keras.layers.Dense(4, dtype="float32", name="rotation_head")
            self.rotation_head.build((None, critic.feature_size))

    def _check_rotation(self):
        if len(self.rotation_weights) != 2 or self.generator.size[0] != self.generator.size[1]:
            raise ValueError(
                "`rotation_weights` must be (critic's, generator's), for square pictures. "
                f"Received: rotation_weights={self.rotation_weights}, size={self.generator.size}"
            )
        if not self.rotation_weights[0]:
            raise ValueError(
                "`rotation_weights` must have one for the critic, which otherwise does not learn to guess. "
                f"Received: rotation_weights={self.rotation_weights}"
            )
        if not hasattr(self.critic, "feature_size"):
            raise ValueError(
                "`rotation_weights` need a critic with `features`, from which rotations are guessed. "
                f"Received: {type(self.critic).__name__}"
            )

    def as_batch(self, x, y=None):
        """Pictures, with classes `y` or without, as a batch.

        Args:
            x: tensor `(batch, height, width, channels)` of pictures, float in [-1, 1] or uint8; or a dict with such
                `images` and, with classes, integer `labels` `(batch,)`.
            y: None, or the labels of the pictures, also as `(batch, 1)` or one-hot.

        Returns:
            Dict of tensors.

        Raises:
            ValueError: if the pictures are not of the generator's size and channels, labels are missing or misshapen,
                or `y` is there for a generator without classes.
        """
        batch = dict(x) if isinstance(x, dict) else {"images": x}
        if y is not None:
            if not self.generator.num_classes:
                raise ValueError("Labels beside the pictures need a generator of classes. Received: num_classes=0")
            batch["labels"] = y
        return check_pictures(batch, self.generator)

    def check_first(self, batch):
        check_values(batch, self.generator.num_classes)

    def critic_parts(self):
        """What trains as the critic."""
        return [self.critic] if self.rotation_head is None else [self.critic, self.rotation_head]

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

    def draw_turns(self, batch):
        """Draws `turns`, 0 to 3 for each picture, where rotations are guessed and the batch has none."""
        if self.rotation_weights and "turns" not in batch:
            batch["turns"] = keras.random.randint((batch_size(batch),), 0, 4, seed=self.seed_generator)

    def rotation_terms(self, images, batch, player):
        """By the name of the term, the weighted cross-entropy of the critic's guess by how many quarter turns the
        pictures were rotated; nothing where it is not to guess.

        Args:
            images: tensor `(batch, height, width, channels)`, before augmentation.
            batch: dict with `turns`.
            player: 0 for the critic's weight, 1 for the generator's.
        """
        if not self.rotation_weights:
            return {}
        turns = batch["turns"]
        features = self.critic.features(rotate(images, turns), self.labels(batch), training=True)
        guess = self.rotation_head(ops.cast(features, "float32"))
        return {"rotation": self.rotation_weights[player] * rotation_loss(guess, turns)}

    def signals(self):
        return self.augment.signals() if hasattr(self.augment, "signals") else {}

    def get_config(self):
        return {
            **super().get_config(),
            **{name: keras.saving.serialize_keras_object(getattr(self, name)) for name in _NESTED},
            "loss": self.loss_name,
            "frozen_blocks": self.frozen_blocks,
            "rotation_weights": self.rotation_weights,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config):
        nested = {name: keras.saving.deserialize_keras_object(config[name]) for name in _NESTED}
        for name in ("generator", "critic"):
            if not nested[name].built:
                nested[name].build()
        return cls(**{**config, **nested})
