"""Projection: the styles with which a generator comes closest to a picture, found by optimisation.

    network = build_perceptual("compact")
    projection = StyleProjection(generator, picture, network)
    styles = projection.optimize(steps=500)          # (num_styles, style_dim)
    render_styles(generator, styles[None])           # the reconstruction

The same on every backend, and the generator is left as it is.
"""

import math

import keras
import numpy as np
from keras import ops

from keras_stylegan.losses import content_loss
from keras_stylegan.models.sampling import style_moments
from keras_stylegan.ops.gradients import compile_step, value_and_gradients

SPACES = ("w", "w+")
# Larger pictures are seen by the perceptual network at about this size (pixels, shorter side), as in the source.
_PERCEIVED = 256


class StyleProjection:
    """A picture on its way into a generator: trainable styles, everything else fixed.

    Loss: `pixel_weight * mean((x - t)^2) + perceptual_weight * mean over taps of |F(x) - F(t)|^2 / |F(t)|^2 +
    style_weight * mean(u^2)`, where the styles are `mean + spread * u`: u, which is what is trained, starts at 0, the
    mean style, and the last term holds it near. The generator's constant noise is used, so that the styles alone make
    the picture again.

    Args:
        generator: built style-based generator, with `map_latents`, `synthesize`, `num_styles`, `style_dim`, `size`.
        picture: float array of shape `(height, width, channels)` in [-1, 1], of the generator's size and channels.
        network: `PerceptualNetwork` that takes pictures of this size.
        space: `"w+"`, a style of its own for each layer: closer; or `"w"`, one for all: more like the generator's own
            pictures, and so easier to edit.
        label: class number, whose mean style is the start; None without classes, or for the mean of all.
        pixel_weight, perceptual_weight, style_weight: floats, at least 0.

    Raises:
        ValueError: if an argument breaks its rule.

    Source: Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", appendix D; W+: Abdal et al.
    2019, "Image2StyleGAN". Deviations: the pixels count too, since a small perceptual network sees colours less exactly
    than LPIPS; styles are measured in their spread, so that one rate suits every generator; neither styles nor noise
    are perturbed, so that a projection repeats exactly.
    """

    def __init__(
        self, generator, picture, network, space="w+", label=None, pixel_weight=1.0, perceptual_weight=1.0,
        style_weight=0.003,
    ):  # fmt: skip
        if not hasattr(generator, "num_styles"):
            raise ValueError(f"`generator` must be a style-based generator. Received: {generator.name}")
        if space not in SPACES:
            raise ValueError(f"`space` must be one of {', '.join(SPACES)}. Received: space={space}")
        weights = {"pixel": pixel_weight, "perceptual": perceptual_weight, "style": style_weight}
        for name, weight in weights.items():
            if not (math.isfinite(weight) and weight >= 0):
                raise ValueError(f"`{name}_weight` must be finite and at least 0. Received: {name}_weight={weight}")
        self.generator, self.network, self.space, self._weights = generator, network, space, weights
        picture = np.asarray(picture, "float32")
        if picture.shape != (*generator.size, generator.channels):
            raise ValueError(
                f"`picture` must have the shape {(*generator.size, generator.channels)}, that of the generator's "
                f"pictures. Received: {picture.shape}"
            )
        if not np.abs(picture).max() <= 1.001:  # NaN is not, either
            raise ValueError(f"`picture` must be in [-1, 1]. Received: {picture.min()} to {picture.max()}")
        self.picture = ops.convert_to_tensor(picture[None])
        self.features = self._perceive(self.picture)
        mean, self.spread = style_moments(generator, label)
        self.mean = ops.convert_to_tensor(mean)
        count = generator.num_styles if space == "w+" else 1
        self.offsets = keras.Variable(np.zeros((1, count, generator.style_dim), "float32"), name="offsets")

    def optimize(self, steps=500, rate=0.1, callback=None):
        """Runs the optimisation from where the styles are.

        Args:
            steps: int, number of Adam's steps.
            rate: float, the greatest step of a coordinate, in units of the styles' spread. It is reached along a line
                over the first twentieth of the steps, and left along a half cosine over the last quarter.
            callback: optional function of the step (from 1) and a dict of the losses before it, floats by name.

        Returns:
            Float32 array of shape `(num_styles, style_dim)`.

        Raises:
            ValueError: if `steps` or `rate` is not positive, and when the loss stops being finite.
        """
        if steps < 1:
            raise ValueError(f"`steps` must be at least 1. Received: steps={steps}")
        if not (math.isfinite(rate) and rate > 0):
            raise ValueError(f"`rate` must be finite and positive. Received: rate={rate}")
        optimizer = keras.optimizers.Adam(rate)
        optimizer.build([self.offsets])

        def update(rate):
            _, terms, gradients = value_and_gradients(self._loss, [self.offsets])
            optimizer.learning_rate = rate
            optimizer.apply(gradients, [self.offsets])
            return terms

        frozen = [*self.generator.variables, *self.network.variables]
        step = compile_step(update, [self.offsets, *optimizer.variables, *frozen])
        for number in range(1, steps + 1):
            share = ramp((number - 0.5) / steps)
            terms = step(ops.convert_to_tensor(rate * share, "float32"))
            logs = {name: float(ops.convert_to_numpy(term)) for name, term in terms.items()}
            if not np.isfinite(logs["loss"]):
                raise ValueError(f"The loss must stay finite; it was {logs['loss']} at step {number}.")
            if callback is not None:
                callback(number, logs)
        return self.styles

    @property
    def styles(self):
        """Float32 array of shape `(num_styles, style_dim)`."""
        return ops.convert_to_numpy(self._styles())[0]

    def _styles(self):
        w = self.offsets * self.spread + self.mean
        return ops.repeat(w, self.generator.num_styles // w.shape[1], axis=1)

    def _loss(self):
        made = self.generator.synthesize(self._styles())
        features = self._perceive(made)
        contents = [content_loss(features[tap], self.features[tap]) for tap in self.network.taps]
        terms = {
            "pixel": ops.mean(ops.square(made - self.picture)),
            "perceptual": ops.mean(ops.stack(contents)),
            "style": ops.mean(ops.square(self.offsets)),
        }
        loss = sum(self._weights[name] * term for name, term in terms.items())
        return loss, {"loss": loss, **terms}

    def _perceive(self, pictures):
        """Features of the colours; of grey, three times the same, and of transparency none."""
        channels = pictures.shape[-1]
        colours = ops.repeat(pictures, 3, axis=-1) if channels == 1 else pictures[..., :3]
        factor = min(self.generator.size) // _PERCEIVED
        if factor > 1:
            colours = ops.average_pool(colours, factor, strides=factor)
        return self.network(colours)


def ramp(progress):
    """The share of the learning rate after a share of the steps: up along a line, down along a half cosine.

    Source: Karras et al. 2020, appendix D: up over the first 5 %, down over the last 25 %.
    """
    down = min(1.0, (1.0 - progress) / 0.25)
    return min(1.0, progress / 0.05) * (0.5 - 0.5 * math.cos(math.pi * down))
