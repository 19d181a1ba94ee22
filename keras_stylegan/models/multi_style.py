"""The multi-style system: one network, a bank of named styles, content + style + TV + lambda GAN loss."""

import types

import keras
import numpy as np
from keras import ops

from keras_stylegan.losses.content import CONTENT_METHODS, content_loss, light_loss
from keras_stylegan.losses.grid import grid_loss
from keras_stylegan.losses.penalties import gradient_penalty, interpolate
from keras_stylegan.losses.reconstruction import squared_error
from keras_stylegan.losses.style import style_loss, style_statistics
from keras_stylegan.losses.total_variation import total_variation
from keras_stylegan.models.adversarial import AdversarialModel
from keras_stylegan.models.players import Player, batch_size
from keras_stylegan.models.style_methods import METHODS, PIXEL, style_targets, weights_by_style
from keras_stylegan.ops.gradients import input_gradient, sum_over_replicas, with_gradients

# At 1/4 of the size: where edges and parts are, not how each pixel is coloured. Deeper taps are left to the style.
CONTENT_TAP = "relu3_1"
# A balanced adversarial term is never weighted more than this: where the critic has no slope, no weight helps.
LARGEST_BALANCE = 1e4
# In steps of the waves' grid, 4 pixels each: a crop may lie anywhere in a picture of 4,096 pixels.
LARGEST_ORIGIN = 1024.0


class MultiStyleTransfer(AdversarialModel):
    """Trains a `StyleTransformer` to paint photographs in any style of its bank.

    A term of the loss is a pair (style, method); its weight is `style_weight * alphas[style] * methods[method]` times
    the style's share of the picture times the strength. On a mixed picture the shares are the mixture's weights, so
    one output carries the terms of several styles at once; every combination of methods works on every style, and each
    style may have weights of its own.

    The method `"pixel"` is the mean square of the difference, in [-1, 1], to what another method has made of the same
    photograph in that style; it counts for the pictures of a batch that bring such a target.

    Below strength 1 the picture is also held to the photograph's own pixels, by `photograph_weight * (1 - strength)`.

    With `critic_weight` (lambda) above 0 a `PatchCritic` plays along, with WGAN-GP's losses: its real pictures are
    crops of the paintings, which a batch then brings as `style_crops`. A picture counts by its strength in the losses
    of both players: at 0 it is no painting. `critic_balanced` makes lambda a share: at the pixels of a picture at
    strength 1 the adversarial gradient is then that many times as long as the gradient of all other terms together (in
    the weights more, since it is the smoother of the two: shares are well below 1). Of styles with a smoothed weight
    the critic also learns to tell paintings from themselves with smoothed edges, so that clear outlines are a part of
    the style; those come as `smoothed_crops`.

    Args:
        network: `StyleTransformer`, the generator.
        perceptual: `PerceptualNetwork` with the taps `relu1_1` to `relu4_1`; frozen.
        style_pictures: list of float arrays `(height, width, 3)` in [-1, 1], one a style of the bank. Only their
            statistics are kept.
        methods: dict from style method (`"gram"`, `"mean_std"`, `"sorted"`, `"patch"`, `"pixel"`) to its weight: a
            float, or a sequence of floats, one a style.
        style_weight: float, weight of all style terms against the content.
        alphas: optional sequence of floats, one a style; 1 by default.
        content_method: method of `content_loss`, at `relu3_1`.
        content_weight: float.
        light_weight: float, of `light_loss`; above 0 for pictures of at least 32x32 pixels.
        variation_weight: float, of squared total variation on pixels in [-1, 1].
        grid_weight: float, of `grid_loss`; above 0 for pictures of at least 32x32 pixels, all of one known size.
        photograph_weight: float, of the mean absolute error to the photograph at strength 0.
        critic: optional `PatchCritic`.
        critic_weight: float, lambda.
        critic_balanced: bool, whether lambda is a share of the other terms' gradient.
        smoothed_weights: optional sequence of floats, one a style: weight of the smoothed paintings in the critic's
            loss against that of painted photographs; 0 by default.
        penalty_weight: float, of the gradient penalty.
        critic_steps: int, critic updates per generator update.
        max_mixed: int, styles of a picture that count, those with the largest shares: as many as a batch mixes.
        style_names: optional sequence of N strings, the styles' names in `report`; by default their numbers.

    Batches are dicts: `content` `(batch, height, width, 3)` in [-1, 1]; `style_weights` `(batch, num_styles)`;
    `strength` `(batch,)`, 1 where missing; `origin` `(batch, 2)`, where the network's waves begin, drawn where
    missing; with a critic also `style_crops` `(batch, height, width, 3)`, `smoothed_crops` like them if a smoothed
    weight is above 0, and `mix` `(batch, 1, 1, 1)`, uniform in [0, 1], drawn where missing; with the method `"pixel"`
    also `targets`, like `content`, and `has_target` `(batch,)`, 1 where there is one and 0 elsewhere.

    Raises:
        ValueError: if an argument breaks its rule, or a method is unknown.

    Source: content and style losses: Gatys et al. 2016, Johnson et al. 2016; bank: Dumoulin et al. 2017; critic:
    Gulrajani et al. 2017; balance: Esser et al. 2021 (arXiv 2012.09841), equation 7, taken at the painted pixels of
    each picture instead of the last layer's weights; smoothed edges: Chen et al. 2018 (CartoonGAN), section 3.2.
    """

    def __init__(
        self,
        network,
        perceptual,
        style_pictures,
        methods=None,
        style_weight=4.0,
        alphas=None,
        content_method="correlation",
        content_weight=0.6,
        light_weight=0.0,
        variation_weight=0.75,
        grid_weight=0.0,
        photograph_weight=2.0,
        critic=None,
        critic_weight=0.0,
        critic_balanced=False,
        smoothed_weights=None,
        penalty_weight=10.0,
        critic_steps=1,
        max_mixed=2,
        style_names=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        num_styles = network.num_styles
        if len(style_pictures) != num_styles:
            raise ValueError(
                f"`style_pictures` must hold {num_styles} pictures, one a style. Received: {len(style_pictures)}"
            )
        alphas = weights_by_style("alphas", alphas, num_styles, default=1.0)
        smoothed = weights_by_style("smoothed_weights", smoothed_weights, num_styles, default=0.0)
        if (critic is None) != (critic_weight == 0):
            raise ValueError(
                "`critic` and a `critic_weight` above 0 go together. "
                f"Received: critic={critic}, critic_weight={critic_weight}"
            )
        if content_method not in CONTENT_METHODS:
            raise ValueError(
                f"`content_method` must be one of {', '.join(CONTENT_METHODS)}. Received: {content_method!r}"
            )
        if methods is not None and (not methods or not set(methods) <= set(METHODS)):
            raise ValueError(f"`methods` must have names among {', '.join(METHODS)}. Received: methods={methods}")
        if smoothed.any() and critic is None:
            raise ValueError(f"`smoothed_weights` need a `critic`. Received: smoothed_weights={smoothed_weights}")
        if max_mixed < 1:
            raise ValueError(f"`max_mixed` must be positive. Received: max_mixed={max_mixed}")
        self.network = network
        self.perceptual = perceptual
        methods = {"gram": 1.0} if methods is None else methods
        self.methods = {name: weights_by_style("methods", weight, num_styles) for name, weight in methods.items()}
        self.style_weight = style_weight
        self.alphas = alphas
        self.content_method = content_method
        self.content_weight = content_weight
        self.light_weight = light_weight
        self.variation_weight = variation_weight
        self.grid_weight = grid_weight
        self.photograph_weight = photograph_weight
        self.critic = critic
        self.critic_weight = critic_weight
        self.critic_balanced = critic_balanced
        self.smoothed_weights = smoothed
        self.penalty_weight = penalty_weight
        self.critic_steps = critic_steps
        self.max_mixed = max_mixed
        self.style_names = [str(style) for style in (range(num_styles) if style_names is None else style_names)]
        if len(self.style_names) != num_styles:
            raise ValueError(f"`style_names` must be {num_styles} names. Received: {self.style_names}")
        self.targets = style_targets(perceptual, style_pictures, self.methods)
        # {method: variable (2, styles)}: sums of share * distance and of shares since the last report.
        start = np.zeros((2, num_styles))
        self._sums = types.SimpleNamespace(
            **{m: keras.Variable(start, dtype="float32", trainable=False, name=f"{m}_sums") for m in self.methods}
        )

    def players(self):
        generator = Player("generator", [self.network], self.generator_terms)
        if self.critic is None:
            return [generator]
        return [Player("critic", [self.critic], self.critic_terms, steps=self.critic_steps), generator]

    def averaged_network(self):
        return self.network

    def frozen_networks(self):
        return [self.perceptual]

    def state_variables(self):
        return super().state_variables() | {f"report/{method}": sums for method, sums in vars(self._sums).items()}

    def report(self):
        """Mean distance to each style by each method since the last call, as `style/NAME/METHOD`.

        Of the pictures painted in a style, weighted by its share of them, before alphas and other weights.
        """
        logs = {}
        for method, variable in vars(self._sums).items():
            sums, shares = ops.convert_to_numpy(ops.copy(variable.value))
            for name, total, share in zip(self.style_names, sums, shares, strict=True):
                if share > 0:
                    logs[f"style/{name}/{method}"] = float(total / share)
            variable.assign(np.zeros_like([sums, shares]))
        return logs

    def draw(self, batch):
        size = batch_size(batch)
        if "strength" not in batch:
            batch["strength"] = ops.ones((size,))
        if "origin" not in batch:
            batch["origin"] = keras.random.uniform((size, 2), 0.0, LARGEST_ORIGIN, seed=self.seed_generator)
        if self.critic is not None and "mix" not in batch:
            batch["mix"] = keras.random.uniform((size, 1, 1, 1), seed=self.seed_generator)
        return batch

    def paint(self, batch):
        """The network's pictures for a batch."""
        return self.network(
            {
                "images": batch["content"],
                "style_weights": batch["style_weights"],
                "strength": batch["strength"],
                "origin": batch["origin"],
            }
        )

    def generator_terms(self, batch):
        """Every weighted term of the generator's loss, each of shape `(batch,)`."""
        painted = self.paint(batch)
        if self.critic is None:
            return self.perceptual_terms(painted, batch)
        if self.critic_balanced:
            return self._balanced_terms(painted, batch)
        terms = self.perceptual_terms(painted, batch)
        return terms | {"adversarial": self.critic_weight * self.adversarial_term(painted, batch)}

    def perceptual_terms(self, painted, batch):
        """All weighted terms but the adversarial one, of pictures painted for a batch; each of shape `(batch,)`."""
        photographs, strength = batch["content"], batch["strength"]
        features, wanted = self.perceptual(painted), self.perceptual(photographs)
        content = content_loss(features[CONTENT_TAP], wanted[CONTENT_TAP], self.content_method)
        terms = {"content": self.content_weight * content}
        for method in self.methods:
            if method == PIXEL:
                loss = self.pixel_terms(painted, batch)
            else:
                loss = self.style_terms(features, batch["style_weights"], method)
            terms[f"style_{method}"] = self.style_weight * strength * loss
        terms["variation"] = self.variation_weight * total_variation(painted)
        if self.light_weight:
            terms["light"] = self.light_weight * light_loss(painted, photographs)
        if self.grid_weight:
            terms["grid"] = self.grid_weight * grid_loss(painted)
        error = ops.mean(ops.abs(painted - photographs), axis=(1, 2, 3))
        terms["photograph"] = self.photograph_weight * (1.0 - strength) * error
        return terms

    def adversarial_term(self, painted, batch):
        """What the critic thinks of the pictures times their strength, before lambda; of shape `(batch,)`."""
        return -batch["strength"] * ops.mean(self.critic(painted, batch["style_weights"]), axis=(1, 2, 3))

    def _balanced_terms(self, painted, batch):
        """The terms with the adversarial one as strong as it is to be beside the others, picture by picture.

        Both gradients at the painted pixels are needed for that, so each is computed once, here, and handed on: the
        adversarial term carries their sum, since only the sum of all terms is differentiated further.
        """
        names, pixels = [], ops.stop_gradient(painted)

        def others(images):
            terms = self.perceptual_terms(images, batch)
            names[:] = terms
            return ops.stack(list(terms.values()), axis=1)

        values, pull = input_gradient(others, pixels)
        score, push = input_gradient(lambda images: self.adversarial_term(images, batch), pixels)
        lengths = [ops.sqrt(ops.sum(ops.square(g), axis=(1, 2, 3))) for g in (pull, push)]
        # `push` is as long as the strength already, which is to remain of it.
        balance = self.critic_weight * batch["strength"] * lengths[0] / (lengths[1] + 1e-8)
        balance = ops.minimum(balance, LARGEST_BALANCE)
        together = pull + balance[:, None, None, None] * push
        terms = {name: ops.stop_gradient(values[:, i]) for i, name in enumerate(names)}
        return terms | {"adversarial": with_gradients(balance * score, together, painted)}

    def style_terms(self, features, style_weights, method):
        """Sum over a picture's styles of share * alpha * weight * distance to that style, of shape `(batch,)`."""
        statistics = style_statistics(features, method, taps=list(self.targets[method]))
        shares, styles = ops.top_k(style_weights, k=min(self.max_mixed, self.network.num_styles))
        total, sums = 0.0, 0.0
        for i in range(shares.shape[1]):
            targets = {tap: ops.take(bank, styles[:, i], axis=0) for tap, bank in self.targets[method].items()}
            weight = ops.take(self.alphas * self.methods[method], styles[:, i], axis=0)
            loss = style_loss(statistics, targets, method)
            total = total + shares[:, i] * weight * loss
            rows = ops.stack([shares[:, i] * loss, shares[:, i]])
            sums = sums + ops.matmul(rows, ops.one_hot(styles[:, i], self.network.num_styles))
        self._remember(method, sums)
        return total

    def pixel_terms(self, painted, batch):
        """Of pictures with a target alpha * weight * squared distance to it, of shape `(batch,)`; 0 of the others."""
        if "targets" not in batch:
            raise ValueError(f"The method `pixel` needs batches with `targets`. Received: {', '.join(batch)}")
        known = ops.cast(batch["has_target"], "float32")
        loss = known * squared_error(painted, batch["targets"])
        self._remember(PIXEL, ops.matmul(ops.stack([loss, known]), batch["style_weights"]))
        weights = ops.convert_to_tensor(self.alphas * self.methods[PIXEL])
        return loss * ops.sum(batch["style_weights"] * weights, axis=1)

    def _remember(self, method, sums):
        """Adds to what `report` returns, over all replicas; a bad batch is left out."""
        sums = sum_over_replicas(ops.stop_gradient(sums))
        variable = getattr(self._sums, method)
        variable.assign(variable + ops.where(ops.all(ops.isfinite(sums)), sums, 0.0))

    def critic_terms(self, batch):
        """Wasserstein loss, gradient penalty and smoothed term of the critic, each of shape `(batch,)`."""
        weights = batch["style_weights"]
        fake = ops.stop_gradient(self.paint(batch))
        real = batch["style_crops"]

        def score(images):
            return ops.mean(self.critic(images, weights), axis=(1, 2, 3))

        _, gradients = input_gradient(score, interpolate(real, fake, batch["mix"]))
        terms = {
            "wasserstein": batch["strength"] * (score(fake) - score(real)),
            "penalty": gradient_penalty(gradients, self.penalty_weight),
        }
        if self.smoothed_weights.any():
            share = ops.sum(weights * ops.convert_to_tensor(self.smoothed_weights), axis=1)
            terms["smoothed"] = share * (score(batch["smoothed_crops"]) - score(real))
        return terms
