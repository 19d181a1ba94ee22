"""CycleGAN: translation between two sets of pictures without pairs."""

import types

import keras
from keras import ops

from keras_stylegan.losses.reconstruction import absolute_error
from keras_stylegan.models.history import HistoryBuffer
from keras_stylegan.models.players import Player, batch_size
from keras_stylegan.models.translation import TranslationModel

DIRECTIONS = ("a_to_b", "b_to_a")


@keras.saving.register_keras_serializable(package="keras_stylegan")
class CycleGAN(TranslationModel):
    """Two translators, there and back, and a critic of each set.

    The translators lose `adversarial_weight * L(D_B(G(a)))`, `cycle_weight * |F(G(a)) - a|`,
    `identity_weight * |G(b) - b|`, and the same with the sets exchanged. The critics see what the translators make now
    and what they made earlier.

    The paper's least squares are twice those of `"least_squares"` here, whose terms are halved: `adversarial_weight` 2
    gives `cycle_weight` the paper's meaning. Its critics' loss is halved like ours.

    Args:
        a_to_b: built translator.
        b_to_a: built translator.
        critic_a: built `PatchGANCritic` without a condition, or `BackboneCritic`, of the set A.
        critic_b: the same, of B.
        loss: name of an adversarial loss; `"wasserstein"` with a `penalty_weight` of 10 is WGAN-GP.
        cycle_weight: float.
        identity_weight: float; the paper has half of `cycle_weight` where colours are to stay. It needs equal channels.
        adversarial_weight: float.
        critic_weight: float.
        penalty_weight: float, of the gradient penalty; 0 for none.
        critic_steps: int.
        history_size: int, earlier pictures held for each critic; 0 for none.
        size: `(height, width)` of the training pictures, which the history holds.
        seed: int or None.

    Batches are dicts: `images_a` and `images_b`, `(batch, height, width, channels)` in [-1, 1], that have nothing to do
    with each other. Drawn where missing: `history` `(batch, 4)`, uniform in [0, 1).

    Raises:
        ValueError: if an argument breaks its rule.

    Source: Zhu et al. 2017, "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks",
    equations 1 to 3, sections 4 and 5.2.
    """

    def __init__(
        self,
        a_to_b,
        b_to_a,
        critic_a,
        critic_b,
        loss="least_squares",
        cycle_weight=10.0,
        identity_weight=5.0,
        adversarial_weight=2.0,
        critic_weight=1.0,
        penalty_weight=0.0,
        critic_steps=1,
        history_size=50,
        size=(256, 256),
        seed=None,
        **kwargs,
    ):
        networks = {"a_to_b": a_to_b, "b_to_a": b_to_a, "critic_a": critic_a, "critic_b": critic_b}
        weights = (adversarial_weight, critic_weight, penalty_weight)
        super().__init__(networks, loss, *weights, critic_steps, seed, **kwargs)
        if identity_weight and a_to_b.channels != b_to_a.channels:
            raise ValueError(
                "`identity_weight` must be 0 where A and B have different channels. "
                f"Received: identity_weight={identity_weight}"
            )
        if history_size < 0:
            raise ValueError(f"`history_size` must not be negative. Received: history_size={history_size}")
        self.cycle_weight = cycle_weight
        self.identity_weight = identity_weight
        self.history_size = history_size
        self.size = tuple(size)
        # Where Keras does not look: a state of the training, of which weight files hold nothing.
        self._history = types.SimpleNamespace()
        if history_size:
            for domain, network in (("a", b_to_a), ("b", a_to_b)):
                buffer = HistoryBuffer(history_size, (*self.size, network.out_channels), f"history_{domain}")
                setattr(self._history, domain, buffer)

    def players(self):
        critics = Player("critic", [self.critic_a, self.critic_b], self.critic_terms, self.critic_steps)
        return [critics, Player("generator", [self.a_to_b, self.b_to_a], self.generator_terms)]

    def averaged_network(self):
        raise ValueError("CycleGAN has two generators, `a_to_b` and `b_to_a`, and no `sampler`; `ema` must be None")

    def state_variables(self):
        history = {
            f"history/{domain}/{i}": variable
            for domain, buffer in vars(self._history).items()
            for i, variable in enumerate(buffer.variables)
        }
        return super().state_variables() | history

    def draw(self, batch):
        if self.history_size and "history" not in batch:
            batch["history"] = keras.random.uniform((batch_size(batch), 4), seed=self.seed_generator)
        return super().draw(batch)

    def critic_terms(self, batch):
        """Every term of the two critics' loss, each of shape `(batch,)`."""
        fakes = {
            "a": self.b_to_a(batch["images_b"], training=True),
            "b": self.a_to_b(batch["images_a"], training=True),
        }
        terms = {}
        for i, (domain, fake) in enumerate(fakes.items()):
            if self.history_size:
                draws = batch["history"][:, 2 * i : 2 * i + 2]
                fake = getattr(self._history, domain).exchange(ops.stop_gradient(fake), draws)
            critic = getattr(self, f"critic_{domain}")
            losses = self.critic_losses(critic, batch[f"images_{domain}"], fake, batch)
            terms |= {f"{name}_{domain}": term for name, term in losses.items()}
        return terms

    def generator_terms(self, batch):
        """Every weighted term of the two translators' loss, each of shape `(batch,)`."""
        real_a, real_b = batch["images_a"], batch["images_b"]
        fake_b, fake_a = self.a_to_b(real_a, training=True), self.b_to_a(real_b, training=True)
        terms = {
            "adversarial_a": self.adversarial_term(self.critic_a, real_a, fake_a),
            "adversarial_b": self.adversarial_term(self.critic_b, real_b, fake_b),
            "cycle_a": self.cycle_weight * absolute_error(self.b_to_a(fake_b, training=True), real_a),
            "cycle_b": self.cycle_weight * absolute_error(self.a_to_b(fake_a, training=True), real_b),
        }
        if self.identity_weight:
            terms["identity_a"] = self.identity_weight * absolute_error(self.b_to_a(real_a, training=True), real_a)
            terms["identity_b"] = self.identity_weight * absolute_error(self.a_to_b(real_b, training=True), real_b)
        return terms

    def call(self, images, training=False):
        """Pictures of A as pictures of B: what `predict` returns."""
        return self.a_to_b(images, training=training)

    def get_config(self):
        names = ("cycle_weight", "identity_weight", "history_size", "size")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
