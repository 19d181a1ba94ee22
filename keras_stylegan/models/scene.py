"""The scene pipeline: photograph x, stylised picture y, natural scene z in the generator's hand."""

from keras import ops

from keras_stylegan.losses.adversarial import adversarial_loss
from keras_stylegan.losses.content import content_loss
from keras_stylegan.losses.penalties import r1_penalty
from keras_stylegan.losses.style import style_loss, style_statistics
from keras_stylegan.models.adversarial import AdversarialModel
from keras_stylegan.models.multi_style import CONTENT_TAP
from keras_stylegan.models.players import Player, Regularizer
from keras_stylegan.networks.perceptual import STYLE_TAPS
from keras_stylegan.ops.gradients import input_gradient

PHASES = ("encoder", "joint")


class ScenePipeline(AdversarialModel):
    """Style transfer, then a generator of natural scenes, trained with one loss.

        x --style network--> y --area mean--> y' --encoder--> styles and skips --StyleGAN2--> z

    Two phases. `"encoder"` trains the encoder alone: z is to be y'. `"joint"` trains encoder, generator and style
    network together with the sum of the transfer's and the adversarial loss, of z:

        L = pixel |z - y'| + perceptual d(z, y') + content C(z, x') + style sum_i w_i S_i(z) + lambda L_GAN(z)

    where the reconstruction terms keep z a picture of y, content and style are those of `MultiStyleTransfer` (through
    them the style network learns what the generator can say), and the critic's real pictures are scenes. x' and y' are
    x and y reduced to the generator's size, of which x's is a multiple: z has that size and no more. What a style
    vector cannot hold of y' comes through the skips; what y' has lost of y is lost.

    Args:
        style_network: `StyleTransformer`.
        encoder: `SceneEncoder` of the generator's size.
        generator: `StyleGAN2Generator` with three channels, of no fewer than 16 pixels a side.
        perceptual: `PerceptualNetwork`, frozen.
        style_pictures: list of float arrays `(height, width, 3)` in [-1, 1], one a style of the style network.
        critic: `StyleGAN2Critic`, needed where `critic_weight` is above 0.
        phase: `"encoder"` or `"joint"`.
        pixel_weight, perceptual_weight, content_weight, style_weight, critic_weight: floats. The last three play in
            the joint phase alone.
        gamma: float, of R1 on every sixteenth update of the critic.

    Batches are dicts of `content`, photographs `(batch, height, width, 3)` in [-1, 1] whose sides are equal multiples
    of the generator's; `style_weights` `(batch, num_styles)`; `strength` `(batch,)`; in the joint phase with a critic
    also `images`, scenes of the generator's size.

    Raises:
        ValueError: if an argument breaks its rule or networks do not fit together.

    Source: this project's founding idea; W+ encoders: Richardson et al. 2021 (arXiv 2008.00951), equation 7.
    """

    def __init__(
        self,
        style_network,
        encoder,
        generator,
        perceptual,
        style_pictures,
        critic=None,
        phase="encoder",
        pixel_weight=1.0,
        perceptual_weight=0.8,
        content_weight=0.3,
        style_weight=1.0,
        critic_weight=0.1,
        gamma=1.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if phase not in PHASES:
            raise ValueError(f"`phase` must be one of {', '.join(PHASES)}. Received: phase={phase}")
        wanted = (generator.size, generator.style_dim, generator.num_styles)
        if (encoder.size, encoder.style_dim, encoder.num_styles) != wanted or generator.channels != 3:
            raise ValueError(
                f"`encoder` must have size, style_dim and styles of the generator {wanted}, of 3 channels. Received: "
                f"{(encoder.size, encoder.style_dim, encoder.num_styles)}, {generator.channels} channels"
            )
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
        self.encoder = encoder
        self.generator = generator
        self.perceptual = perceptual
        self.critic = critic if phase == "joint" else None
        self.phase = phase
        self.pixel_weight = pixel_weight
        self.perceptual_weight = perceptual_weight
        self.content_weight = content_weight
        self.style_weight = style_weight
        self.critic_weight = critic_weight
        self.gamma = gamma
        self.pair = adversarial_loss("non_saturating")
        rows = [style_statistics(perceptual(picture[None]), taps=STYLE_TAPS) for picture in style_pictures]
        self.style_targets = {
            tap: ops.convert_to_numpy(ops.concatenate([row[tap] for row in rows])) for tap in STYLE_TAPS
        }

    @property
    def trained_networks(self):
        """The networks that learn in this phase, beside the critic."""
        return [self.encoder] if self.phase == "encoder" else [self.encoder, self.generator, self.style_network]

    def players(self):
        pipeline = Player("pipeline", self.trained_networks, self.pipeline_terms)
        if self.critic is None:
            return [pipeline]
        r1 = Regularizer("r1", self.r1, every=16)
        return [Player("critic", [self.critic], self.critic_terms, regularizers=[r1]), pipeline]

    def averaged_network(self):
        """The encoder, which alone can be averaged: compile the joint phase without `ema`."""
        if self.phase == "joint":
            raise ValueError("`ema` must be None in the joint phase, which trains three networks. Received: an average")
        return self.encoder

    def frozen_networks(self):
        trained = self.trained_networks
        return [self.perceptual, *(n for n in (self.generator, self.style_network) if n not in trained)]

    def stylise(self, batch):
        """y: the style network's pictures of a batch, of the photographs' size."""
        inputs = {"images": batch["content"], "style_weights": batch["style_weights"], "strength": batch["strength"]}
        return self.style_network(inputs)

    def reduce(self, images):
        """Pictures at the generator's size, each pixel the mean of what it covers."""
        factors = [side // own for side, own in zip(images.shape[1:3], self.generator.size, strict=True)]
        if tuple(factors[0] * own for own in self.generator.size) != tuple(images.shape[1:3]):
            raise ValueError(
                f"`content` must be a whole multiple of the generator's size {self.generator.size}. "
                f"Received: {tuple(images.shape[1:3])}"
            )
        return images if factors[0] == 1 else ops.average_pool(images, factors[0], strides=factors[0])

    def make_scene(self, pictures):
        """z: the generator's pictures of pictures at its size.

        Args:
            pictures: tensor of shape `(batch, height, width, 3)`, at the generator's size.

        Returns:
            float32 tensor of that shape.
        """
        encoded = self.encoder(pictures)
        mean = ops.mean(ops.convert_to_tensor(self.generator.mean_styles), axis=0)
        skips = [encoded[f"skip_{i}"] for i in range(len(self.generator.stages))] if self.encoder.skips else None
        return self.generator.synthesize(encoded["styles"] + mean, skips=skips)

    def pipeline_terms(self, batch):
        """Every weighted term of the pipeline's loss, each of shape `(batch,)`."""
        stylised = self.reduce(self.stylise(batch))
        scene = self.make_scene(stylised)
        features, wanted = self.perceptual(scene), self.perceptual(stylised)
        terms = {
            "pixel": self.pixel_weight * ops.mean(ops.abs(scene - stylised), axis=(1, 2, 3)),
            "perceptual": self.perceptual_weight
            * sum(content_loss(features[tap], wanted[tap]) for tap in STYLE_TAPS)
            / len(STYLE_TAPS),
        }
        if self.phase == "encoder":
            return terms
        photograph = self.perceptual(self.reduce(batch["content"]))
        terms["content"] = self.content_weight * content_loss(
            features[CONTENT_TAP], photograph[CONTENT_TAP], "correlation"
        )
        terms["style"] = self.style_weight * batch["strength"] * self.style_terms(features, batch["style_weights"])
        if self.critic is not None:
            terms["adversarial"] = self.critic_weight * self.pair.generator(None, self.critic(scene))
        return terms

    def style_terms(self, features, style_weights):
        """Sum over the styles of share * distance, of shape `(batch,)`."""
        statistics, total = style_statistics(features, taps=STYLE_TAPS), 0.0
        for style in range(self.style_network.num_styles):
            targets = {tap: bank[style : style + 1] for tap, bank in self.style_targets.items()}
            total = total + style_weights[:, style] * style_loss(statistics, targets)
        return total

    def critic_terms(self, batch):
        """The critic's loss, of shape `(batch,)`."""
        scene = ops.stop_gradient(self.make_scene(self.reduce(self.stylise(batch))))
        return {"adversarial": self.pair.discriminator(self.critic(batch["images"]), self.critic(scene))}

    def r1(self, batch):
        """R1 on the real scenes, of shape `(batch,)`."""
        return r1_penalty(input_gradient(self.critic, batch["images"])[1], self.gamma)
