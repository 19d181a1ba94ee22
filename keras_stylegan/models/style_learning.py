"""A new style for a trained stylisation network: one vector is learnt, everything else stays as it is.

    learning = StyleLearning(network, build_perceptual("compact"), [picture], start=vector_of_a_like_style)
    vector = learning.optimize(crops_of_photographs, steps=600)     # (vector_size,)
    network.paint(images, vector[None])

The same on every backend.
"""

import math
import time

import keras
import numpy as np
from keras import ops

from keras_stylegan.losses.content import content_loss, light_loss
from keras_stylegan.losses.style import style_loss, style_statistics
from keras_stylegan.losses.total_variation import total_variation
from keras_stylegan.models.multi_style import CONTENT_TAP
from keras_stylegan.models.projection import ramp
from keras_stylegan.networks.perceptual import STYLE_TAPS
from keras_stylegan.ops.gradients import compile_step, pause_recording, value_and_gradients

# A coordinate in which the bank's styles are all alike may still move, by this share of the mean spread.
_LEAST_SPREAD = 0.1
# By which factor `content` may raise or lower the weight of style; and how much its logarithm grows in a step in which
# nothing of the content is lost.
BALANCE_RANGE = 4.0
_BALANCE_GAIN = 0.03


class StyleLearning:
    """A picture's style on its way into a network.

    Loss: `content_weight * content + light_weight * light + style_weight * style + variation_weight * total variation`
    of photographs painted at full strength: the terms and weights that the network itself was trained with. The vector
    is `start + spread * u`, where spread is how far the styles of the bank differ in each coordinate: u, which is what
    is trained, begins at 0, and one rate suits all coordinates.

    Args:
        network: built `StyleTransformer`.
        perceptual: `PerceptualNetwork` with the taps of `STYLE_TAPS`.
        pictures: list of float arrays `(height, width, 3)` in [-1, 1], all of one style: its statistics are the means
            of theirs.
        start: optional float array `(vector_size,)` to begin with, or `begin_at` sets it.
        style_weight, content_weight, variation_weight, light_weight: floats, at least 0.
        prior_weight: float, at least 0: of the mean square of u, which holds the vector to a start that is good already
            where the perceptual network can be deceived.
        content_method: method of `content_loss`.

    Raises:
        ValueError: if there is no picture, a weight breaks its rule, or `start` has another shape.

    Source: Dumoulin et al. 2017, "A Learned Representation for Artistic Style", section 3.1: a new style is learnt as
    its normalisation parameters alone.
    """

    def __init__(
        self, network, perceptual, pictures, start=None, style_weight=4.0, content_weight=0.6, variation_weight=0.75,
        content_method="correlation", light_weight=0.0, prior_weight=0.0,
    ):  # fmt: skip
        if not len(pictures):
            raise ValueError("`pictures` must hold at least one picture. Received none")
        weights = {
            "style": style_weight,
            "content": content_weight,
            "variation": variation_weight,
            "light": light_weight,
            "prior": prior_weight,
        }
        for name, weight in weights.items():
            if not (math.isfinite(weight) and weight >= 0):
                raise ValueError(f"`{name}_weight` must be finite and at least 0. Received: {name}_weight={weight}")
        self.network, self.perceptual = network, perceptual
        self.weights, self.content_method = weights, content_method
        rows = [style_statistics(perceptual(picture[None]), taps=STYLE_TAPS) for picture in pictures]
        self.targets = {tap: sum(row[tap] for row in rows) / len(rows) for tap in STYLE_TAPS}
        styles = ops.convert_to_numpy(network.bank.style_vectors())
        photograph = ops.convert_to_numpy(network.bank.photograph_vector())
        spread = np.concatenate([styles, photograph[None]]).std(axis=0)
        self.spread = np.maximum(spread, _LEAST_SPREAD * spread.mean() + 1e-3).astype("float32")
        self.offsets = keras.Variable(np.zeros((1, network.vector_size), "float32"), name="offsets")
        self.start = keras.Variable(np.zeros((1, network.vector_size), "float32"), trainable=False, name="start")
        if start is not None:
            self.begin_at(start)

    def begin_at(self, vector):
        """Starts anew from a style vector, float `(vector_size,)`."""
        if np.shape(vector) != (self.network.vector_size,):
            raise ValueError(f"`start` must have the shape {(self.network.vector_size,)}. Received: {np.shape(vector)}")
        self.start.assign(np.asarray(vector, "float32")[None])
        self.offsets.assign(np.zeros_like(self.spread)[None])

    def bank_losses(self, photographs):
        """What photographs painted in each style of the bank lose against the pictures.

        Args:
            photographs: float array `(batch, height, width, 3)` in [-1, 1].

        Returns:
            Dict of the losses `style`, `content`, `variation` and, where it has a weight, `light`: float arrays
            `(num_styles,)`, means over the photographs.
        """
        step, rows = compile_step(lambda batch: self._terms(**batch), self._variables()), []
        for vector in ops.convert_to_numpy(self.network.bank.style_vectors()):
            batch = {"vector": ops.convert_to_tensor(vector[None]), "photographs": ops.convert_to_tensor(photographs)}
            with pause_recording():
                rows.append({name: float(ops.convert_to_numpy(term)) for name, term in step(batch).items()})
        return {name: np.array([row[name] for row in rows]) for name in rows[0] if name != "prior"}

    def optimize(self, batches, steps=600, rate=0.1, seconds=math.inf, callback=None, content=None):
        """Runs the optimisation from where the vector is.

        One weight of style does not suit every picture: what is easily painted takes more of the photograph away than
        the bank's styles do, what is hard to paint less. With `content` the weight follows what is left.

        Args:
            batches: sequence of float arrays `(batch, height, width, 3)` in [-1, 1] by number, photographs in a size
                that the network takes.
            steps: int, number of Adam's steps at most.
            rate: float, the greatest step of a coordinate, in units of the styles' spread; reached and left as in
                `keras_stylegan.models.projection.ramp`.
            seconds: float, time at most, of which the rate's course then follows the progress. It begins with the
                second step: in the first one everything is compiled.
            callback: optional function of the step (from 1) and a dict of the losses before it, floats by name.
            content: optional float, the content loss to come to: the weight of style grows while there is less of it
                and falls while there is more, within `BALANCE_RANGE` of what it was.

        Returns:
            Float32 array of shape `(vector_size,)`.

        Raises:
            ValueError: if a number is not positive, and when the loss stops being finite.
        """
        numbers = {"steps": steps, "rate": rate, "seconds": seconds, "content": 1.0 if content is None else content}
        for name, value in numbers.items():
            if not value > 0:
                raise ValueError(f"`{name}` must be greater than 0. Received: {name}={value}")
        optimizer = keras.optimizers.Adam(rate)
        optimizer.build([self.offsets])

        def update(batch):
            terms, gradients = self._gradients(batch["photographs"], batch["balance"])
            optimizer.learning_rate = batch["rate"]
            optimizer.apply(gradients, [self.offsets])
            return terms

        step = compile_step(update, [self.offsets, *optimizer.variables, *self._variables()])
        begun, log_balance = math.inf, 0.0
        for number in range(1, steps + 1):
            passed = max(0.0, time.monotonic() - begun) / seconds
            if passed >= 1:
                break
            share = ramp(min(1.0, max((number - 0.5) / steps, passed)))
            photographs = ops.convert_to_tensor(batches[number - 1])
            numbers = {"rate": rate * share, "balance": math.exp(log_balance)}
            numbers = {name: ops.convert_to_tensor(value, "float32") for name, value in numbers.items()}
            terms = step({**numbers, "photographs": photographs})
            logs = {name: float(ops.convert_to_numpy(term)) for name, term in terms.items()}
            if not np.isfinite(logs["loss"]):
                raise ValueError(f"The loss must stay finite; it was {logs['loss']} at step {number}.")
            if callback is not None:
                callback(number, logs)
            begun = min(begun, time.monotonic())
            if content is not None:
                limit = math.log(BALANCE_RANGE)
                log_balance += _BALANCE_GAIN * (1 - logs["content"] / content)
                log_balance = max(-limit, min(limit, log_balance))
        return self.vector

    @property
    def vector(self):
        """The style's vector, float32 of shape `(vector_size,)`."""
        return ops.convert_to_numpy(self._vector())[0]

    def _vector(self):
        return self.offsets * self.spread + self.start

    def _variables(self):
        return [self.start, *self.network.variables, *self.perceptual.variables]

    def _gradients(self, photographs, balance):
        def loss():
            terms = self._terms(self._vector(), photographs)
            total = sum(
                self.weights[name] * (balance if name == "style" else 1.0) * term for name, term in terms.items()
            )
            return total, {"loss": total, **terms}

        _, terms, gradients = value_and_gradients(loss, [self.offsets])
        return terms, gradients

    def _terms(self, vector, photographs):
        vectors = ops.repeat(vector, ops.shape(photographs)[0], axis=0)
        painted = self.network.paint(photographs, vectors)
        features, wanted = self.perceptual(painted), self.perceptual(photographs)
        style = style_loss(style_statistics(features, taps=STYLE_TAPS), self.targets)
        terms = {
            "style": ops.mean(style),
            "content": ops.mean(content_loss(features[CONTENT_TAP], wanted[CONTENT_TAP], self.content_method)),
            "variation": ops.mean(total_variation(painted)),
        }
        if self.weights["light"]:
            terms["light"] = ops.mean(light_loss(painted, photographs))
        if self.weights["prior"]:
            terms["prior"] = ops.mean(ops.square(self.offsets))
        return terms
