"""The scene pipeline: photograph x, painted picture y, natural scene z in a generator's hand."""

import keras
from keras import ops

from keras_stylegan.losses.adversarial import adversarial_loss
from keras_stylegan.losses.content import content_loss
from keras_stylegan.losses.penalties import r1_penalty
from keras_stylegan.losses.style import style_loss, style_statistics
from keras_stylegan.models.adversarial import AdversarialModel
from keras_stylegan.models.multi_style import CONTENT_TAP
from keras_stylegan.models.players import Player, Regularizer, batch_size
from keras_stylegan.models.style_prior import StylePrior
from keras_stylegan.networks.perceptual import STYLE_TAPS
from keras_stylegan.ops.gradients import input_gradient

PHASES = ("encoder", "joint")
# Styles of a picture that count, those with the largest shares: as many as a batch mixes.
MAX_MIXED = 2
# In the joint phase, the least share of the terms that ask for the painting: see `ScenePipeline.painting_share`.
LEAST_SHARE = 0.1


class ScenePipeline(AdversarialModel):
    """Style transfer, then a generator of natural scenes, trained with the sum of both systems' losses.

        x --style network, frozen--> y --encoder--> styles and skips --StyleGAN2--> z

    Two phases. `"encoder"` trains the encoder alone: z is to be y. `"joint"` trains encoder and generator together, by

        L = pixel |z - y'| + perceptual d(z, y') + prior P(w) + content C(z, x') + style sum_i w_i S_i(z)
            + lambda L_GAN(z)

    where the first two terms keep z a picture of y, the more of its detail it is given, P keeps its styles w near those
    of the generator (`StylePrior`), content and style are those of `MultiStyleTransfer`, and the critic's real pictures
    are scenes. x' and y' are x and y reduced to the generator's size, which is z's. The share of skip features is drawn
    anew for each picture, so that a user may choose it: a quarter of the pictures has none, a quarter has all.

    Args:
        style_network: `StyleTransformer`, frozen.
        network: built `SceneNetwork`.
        perceptual: `PerceptualNetwork`, frozen.
        style_pictures: list of float arrays `(height, width, 3)` in [-1, 1], one a style of the style network. Only
            their statistics are kept.
        critic: built critic of pictures of the generator's size, without classes; needed where `critic_weight` is
            above 0 in the joint phase, and not used in the other.
        phase: `"encoder"` or `"joint"`.
        pixel_weight, perceptual_weight, prior_weight, content_weight, style_weight, critic_weight: floats. The last
            three play in the joint phase alone.
        loss: name of the adversarial loss (`losses.ADVERSARIAL_LOSSES`).
        gamma: float, of R1; 0 for none, as for a critic that looks through a frozen network.
        penalty_every: int, R1 is taken on one critic update in so many, and multiplied by it.
        augment: None or a layer, called as `augment(images, training=True)` on everything that the critic sees.
        seed: int or None, of the draws of a step.

    Batches are dicts of `content`, photographs of `network.input_size` in [-1, 1]; `style_weights`
    `(batch, num_styles)`; `strength` `(batch,)`; in the joint phase with a critic also `images`, scenes of the
    generator's size. `painted`, y, is made of them once a step where it is missing, and `detail` `(batch,)` drawn.

    Raises:
        ValueError: if an argument breaks its rule.

    Source: this project's founding idea; W+ encoders and their losses: Richardson et al. 2021 (arXiv 2008.00951).
    """

    def __init__(
        self,
        style_network,
        network,
        perceptual,
        style_pictures,
        critic=None,
        phase="joint",
        pixel_weight=1.0,
        perceptual_weight=0.8,
        prior_weight=0.02,
        content_weight=0.3,
        style_weight=1.0,
        critic_weight=0.3,
        loss="non_saturating",
        gamma=1.0,
        penalty_every=16,
        augment=None,
        seed=None,
        **kwargs,
    ):
        super().__init__(seed=seed, **kwargs)
        if phase not in PHASES:
            raise ValueError(f"`phase` must be one of {', '.join(PHASES)}. Received: phase={phase}")
        if len(style_pictures) != style_network.num_styles:
            raise ValueError(
                f"`style_pictures` must hold {style_network.num_styles} pictures, one a style. "
                f"Received: {len(style_pictures)}"
            )
        if phase == "joint" and (critic is None) != (critic_weight == 0):
            raise ValueError(
                "`critic` and a `critic_weight` above 0 go together. "
                f"Received: critic={critic}, critic_weight={critic_weight}"
            )
        self.style_network = style_network
        self.network = network
        self.perceptual = perceptual
        self.critic = critic if phase == "joint" else None
        self.phase = phase
        self.pixel_weight = pixel_weight
        self.perceptual_weight = perceptual_weight
        self.prior_weight = prior_weight
        self.content_weight = content_weight
        self.style_weight = style_weight
        self.critic_weight = critic_weight
        self.loss_name = loss
        self.pair = adversarial_loss(loss)
        self.gamma = gamma
        self.penalty_every = penalty_every
        self.augment = augment
        self.prior = StylePrior(network.generator)
        rows = [style_statistics(perceptual(picture[None]), taps=STYLE_TAPS) for picture in style_pictures]
        self.style_targets = {
            tap: ops.convert_to_numpy(ops.concatenate([row[tap] for row in rows])) for tap in STYLE_TAPS
        }

    def players(self):
        trained = self.network.encoder if self.phase == "encoder" else self.network
        generator = Player("generator", [trained], self.generator_terms)
        if self.critic is None:
            return [generator]
        penalties = [Regularizer("r1", self.r1, self.penalty_every)] if self.gamma else []
        return [Player("critic", [self.critic], self.critic_terms, regularizers=penalties), generator]

    def averaged_network(self):
        return self.network

    def frozen_networks(self):
        frozen = [self.perceptual, self.style_network]
        return [*frozen, self.network.generator] if self.phase == "encoder" else frozen

    def draw(self, batch):
        if "painted" not in batch:
            batch["painted"] = self.stylise(batch)
        if "detail" not in batch:
            drawn = keras.random.uniform((batch_size(batch),), -0.5, 1.5, seed=self.seed_generator)
            batch["detail"] = ops.clip(drawn, 0.0, 1.0)
        return batch

    def stylise(self, batch):
        """y: the style network's pictures of a batch, of the photographs' size."""
        expected, size = self.network.input_size, tuple(batch["content"].shape[1:3])
        if size != expected:
            raise ValueError(f"`content` must have the size {expected}. Received: {size}")
        inputs = {"images": batch["content"], "style_weights": batch["style_weights"], "strength": batch["strength"]}
        return ops.stop_gradient(ops.cast(self.style_network(inputs), "float32"))

    def generator_terms(self, batch):
        """Every weighted term of the loss of encoder and generator, each of shape `(batch,)`."""
        painted = self.network.reduce(batch["painted"])
        encoded = self.network.encoder(painted)
        scene = self.network.decode(encoded, batch["detail"])
        features, wanted = self.perceptual(scene), self.perceptual(painted)
        distance = sum(content_loss(features[tap], wanted[tap]) for tap in STYLE_TAPS) / len(STYLE_TAPS)
        share = self.painting_share(batch["detail"])
        terms = {
            "pixel": share * self.pixel_weight * ops.mean(ops.abs(scene - painted), axis=(1, 2, 3)),
            "perceptual": share * self.perceptual_weight * distance,
            "prior": self.prior_weight * self.prior(encoded["styles"]),
        }
        if self.phase == "encoder":
            return terms
        photograph = self.perceptual(self.network.reduce(batch["content"]))
        content = content_loss(features[CONTENT_TAP], photograph[CONTENT_TAP], "correlation")
        terms["content"] = self.content_weight * content
        terms["style"] = self.style_weight * batch["strength"] * self.style_terms(features, batch["style_weights"])
        if self.critic is not None:
            real = self.score(batch["images"]) if self.pair.relativistic else None
            terms["adversarial"] = self.critic_weight * self.pair.generator(real, self.score(scene))
        return terms

    def painting_share(self, detail):
        """How much scenes are to be their paintings, by their shares of detail.

        Without detail they cannot be. A frozen generator then makes the scene that is nearest; one that trains would
        make the mean of all pictures that the styles may stand for, which is mud.
        """
        return ops.ones_like(detail) if self.phase == "encoder" else ops.maximum(detail, LEAST_SHARE)

    def style_terms(self, features, style_weights):
        """Sum over the styles of a picture of share * distance, of shape `(batch,)`."""
        statistics, total = style_statistics(features, taps=STYLE_TAPS), 0.0
        shares, styles = ops.top_k(style_weights, k=min(MAX_MIXED, self.style_network.num_styles))
        for i in range(shares.shape[1]):
            targets = {tap: ops.take(bank, styles[:, i], axis=0) for tap, bank in self.style_targets.items()}
            total = total + shares[:, i] * style_loss(statistics, targets)
        return total

    def score(self, images):
        """Logits of (augmented) pictures, in training."""
        return self.critic(images if self.augment is None else self.augment(images, training=True), training=True)

    def critic_terms(self, batch):
        """The critic's loss, of shape `(batch,)`."""
        scene = ops.stop_gradient(self.network(batch["painted"], detail=batch["detail"]))
        return {"adversarial": self.pair.discriminator(self.score(batch["images"]), self.score(scene))}

    def r1(self, batch):
        """R1 on the real scenes, of shape `(batch,)`."""
        return r1_penalty(input_gradient(self.score, batch["images"])[1], self.gamma)
