"""Trains a predictor of styles against a stylisation network that stays as it is."""

from keras import ops

from keras_stylegan.losses.content import content_loss, light_loss
from keras_stylegan.losses.style import style_loss, style_statistics
from keras_stylegan.losses.total_variation import total_variation
from keras_stylegan.models.adversarial import AdversarialModel
from keras_stylegan.models.multi_style import CONTENT_TAP
from keras_stylegan.models.players import Player
from keras_stylegan.networks.perceptual import STYLE_TAPS


class StylePrediction(AdversarialModel):
    """A picture's predicted vector, judged by what the network paints with it and by the vectors that are known.

    Loss of a photograph and a style picture: the terms that the network was trained with, `content_weight * content +
    light_weight * light + style_weight * style + variation_weight * total variation`, of the photograph painted in the
    predicted vector; and
    where the style picture shows a style, or a mixture, of the bank, `distillation_weight` times the mean square of the
    difference to its vector, in units of the styles' spread. Where it shows another, `prior_weight` times the mean
    square of the predicted vector's distance from the middle of the bank, in the same units: what no style taught stays
    where the network knows how to paint.

    Of the first `num_painted` pairs of a batch the style picture is made here: the next photograph, painted in the
    mixture that the row of `style_weights` says. Between the few paintings lies so a continuum of known styles.

    Args:
        predictor: built `StylePredictor`.
        network: built `StyleTransformer`; frozen.
        perceptual: `PerceptualNetwork` with the taps of `STYLE_TAPS`; frozen.
        style_weight, content_weight, variation_weight, distillation_weight, prior_weight, light_weight: floats, at
            least 0.
        content_method: method of `content_loss`.
        num_painted: int, at most the batch size.
        shared_features: bool, whether `perceptual` has the weights of the predictor's own: a style picture is then
            looked at once.

    Batches are dicts: `content` and `style_pictures`, `(batch, height, width, 3)` in [-1, 1]; `style_weights`
    `(batch, num_styles)`, rows that sum to 1 where the style is known, and to 0 elsewhere.

    Source: Ghiasi et al. 2017 (arXiv 1705.06830), section 3; the distillation is this project's.
    """

    def __init__(
        self, predictor, network, perceptual, style_weight=4.0, content_weight=0.6, variation_weight=0.75,
        distillation_weight=0.5, prior_weight=0.02, light_weight=0.0, content_method="correlation", num_painted=0,
        shared_features=False, **kwargs,
    ):  # fmt: skip
        super().__init__(**kwargs)
        weights = (style_weight, content_weight, variation_weight, distillation_weight, prior_weight, light_weight)
        if min(weights) < 0 or num_painted < 0:
            raise ValueError(f"weights and `num_painted` must not be negative. Received: {weights}, {num_painted}")
        self.predictor = predictor
        self.network = network
        self.perceptual = perceptual
        self.style_weight = style_weight
        self.content_weight = content_weight
        self.variation_weight = variation_weight
        self.distillation_weight = distillation_weight
        self.prior_weight = prior_weight
        self.light_weight = light_weight
        self.content_method = content_method
        self.num_painted = num_painted
        self.shared_features = shared_features

    def players(self):
        return [Player("predictor", [self.predictor], self.terms)]

    def averaged_network(self):
        return self.predictor

    def frozen_networks(self):
        return [self.network, self.perceptual]

    def terms(self, batch):
        """Every weighted term of the loss, each of shape `(batch,)`."""
        photographs, weights = batch["content"], ops.cast(batch["style_weights"], "float32")
        known = self.network.bank(weights, ops.ones_like(weights[:, 0]))
        pictures = self.style_pictures(batch, known)
        seen = self.predictor.perceptual(pictures)
        predicted = self.predictor.from_features(seen)
        painted = self.network.paint(photographs, predicted)
        features, wanted = self.perceptual(painted), self.perceptual(photographs)
        targets = style_statistics(seen if self.shared_features else self.perceptual(pictures), taps=STYLE_TAPS)
        content = content_loss(features[CONTENT_TAP], wanted[CONTENT_TAP], self.content_method)
        share, spread = ops.sum(weights, axis=-1), ops.convert_to_tensor(self.predictor.spread)
        to_known, to_middle = (
            ops.mean(ops.square((predicted - vector) / spread), axis=-1)
            for vector in (known, ops.convert_to_tensor(self.predictor.center))
        )
        terms = {
            "content": self.content_weight * content,
            "style": self.style_weight * style_loss(style_statistics(features, taps=STYLE_TAPS), targets),
            "variation": self.variation_weight * total_variation(painted),
            "distillation": self.distillation_weight * share * to_known,
            "prior": self.prior_weight * (1.0 - share) * to_middle,
        }
        if self.light_weight:
            terms["light"] = self.light_weight * light_loss(painted, photographs)
        return terms

    def style_pictures(self, batch, known):
        """The batch's style pictures, the first of them painted in the vectors `known`, `(batch, vector_size)`."""
        count, pictures = self.num_painted, ops.cast(batch["style_pictures"], "float32")
        if count == 0:
            return pictures
        others = ops.roll(batch["content"], -1, axis=0)[:count]
        painted = ops.clip(self.network.paint(others, known[:count]), -1.0, 1.0)
        return ops.concatenate([ops.stop_gradient(painted), pictures[count:]], axis=0)
