"""Stylisation by optimisation (Gatys et al.): the picture itself is trained. Slow, and the reference for quality.

    network = build_perceptual("compact")
    model = GatysModel(network, photo, {"wave": painting})
    picture = model.optimize(steps=400)     # (height, width, 3), RGB in [-1, 1]

The gradient comes from Keras' own training step, so it is compiled and runs on every backend.
"""

import keras
import numpy as np
from keras import ops

from keras_stylegan.losses import content_loss, style_loss, style_statistics, total_variation
from keras_stylegan.models.gatys_masks import region_masks
from keras_stylegan.models.images import check_picture
from keras_stylegan.networks.perceptual import STYLE_TAPS

OPTIMIZERS = ("adam", "lbfgs")


class GatysModel(keras.Model):
    """A photograph on its way to a style: one trainable picture, fixed content and style targets.

    Loss: `content + style_weight * sum(weight_i * style_i) + tv_weight * total_variation`, with relative content at
    `content_tap`, rooted relative Gram distances at `STYLE_TAPS` and squared total variation. With these defaults the
    balance is that of 20 times the style and, on pixels in [0, 1], 3 times the variation.

    Args:
        network: `PerceptualNetwork` with `content_tap` and `STYLE_TAPS` among its taps.
        content: float array of shape `(height, width, 3)`, RGB in [-1, 1]; also the start of the optimisation.
        styles: dict from name to float array of shape `(height, width, 3)`, RGB in [-1, 1], of any sizes.
        weights: optional dict from name to the weight of that style, each at least 0; 1 by default.
        masks: optional dict from name to array of shape `(height, width)` in [0, 1]: the region that the style paints.
            A style without one paints everywhere. Pixels outside all regions stay those of `content`.
        style_weight, tv_weight: floats. Images in [-1, 1] have four times the squared variation of [0, 1].
        content_tap: name of the tap of the content loss.

    Raises:
        ValueError: for arguments that do not fit together.

    Source: Gatys et al. 2016 (CVPR), section 2; regions: Gatys et al. 2017 (arXiv 1611.07865), section 4. Deviation:
    the losses are relative and the style is rooted (see `style_loss`); without, the optimum is grey and noisy.
    """

    def __init__(
        self, network, content, styles, weights=None, masks=None, style_weight=20.0, tv_weight=0.75,
        content_tap="relu3_1", **kwargs,
    ):  # fmt: skip
        super().__init__(**kwargs)
        content = check_picture("content", content)
        if not styles:
            raise ValueError(f"`styles` must have at least one style. Received: {styles!r}")
        missing = {content_tap, *STYLE_TAPS} - set(network.taps)
        if missing:
            raise ValueError(f"`network` must have the taps {sorted(missing)}. Received: {network.taps}")
        weights, masks = dict(weights or {}), dict(masks or {})
        for argument, mapping in (("weights", weights), ("masks", masks)):
            if set(mapping) - set(styles):
                raise ValueError(f"`{argument}` must name styles among {list(styles)}. Received: {list(mapping)}")
        self.weights_of_styles = {name: float(weights.get(name, 1.0)) for name in styles}
        if not all(np.isfinite(weight) and weight >= 0 for weight in self.weights_of_styles.values()):
            raise ValueError(f"`weights` must be finite and at least 0. Received: {weights}")
        self.network, self.content_tap = network, content_tap
        self.style_weight, self.tv_weight = style_weight, tv_weight
        self.content = ops.convert_to_tensor(content)
        self.content_features = network(self.content)[content_tap]
        # The style pictures' statistics do not change: once, not once a step.
        self.targets = {
            name: style_statistics(network(check_picture("styles", style)), taps=STYLE_TAPS)
            for name, style in styles.items()
        }
        self.masks = {name: region_masks(mask, content.shape[1:3], STYLE_TAPS) for name, mask in masks.items()}
        region = np.ones(content.shape[1:3], "float32")
        if len(masks) == len(styles):
            region = np.max([np.asarray(mask, "float32") for mask in masks.values()], axis=0)
        self.region = ops.convert_to_tensor(region[None, :, :, None])
        self.picture = self.add_weight(
            shape=content.shape, initializer="zeros", constraint=_InRange(), dtype="float32", name="picture"
        )
        self.picture.assign(content)
        self.trackers = {name: keras.metrics.Mean(name=name) for name in ("content", "total_variation", *styles)}

    def build(self, input_shape=None):
        self.built = True

    def call(self, inputs=None, training=False):
        """The current picture, `(1, height, width, 3)`; `inputs` is not used."""
        return self.content + self.region * (self.picture - self.content)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        features = self.network(y_pred)
        content = content_loss(features[self.content_tap], self.content_features)
        variation = total_variation(y_pred)
        self.trackers["content"].update_state(content)
        self.trackers["total_variation"].update_state(variation)
        whole = style_statistics(features, taps=STYLE_TAPS) if len(self.masks) < len(self.targets) else None
        style = 0.0
        for name, target in self.targets.items():
            region = (
                style_statistics(features, taps=STYLE_TAPS, masks=self.masks[name]) if name in self.masks else whole
            )
            term = style_loss(region, target)
            self.trackers[name].update_state(term)
            style = style + self.weights_of_styles[name] * term
        return ops.mean(content + self.style_weight * style + self.tv_weight * variation)

    def optimize(self, steps=400, optimizer="adam", rate=0.06, callback=None):
        """Runs the optimisation from where the picture is.

        Args:
            steps: int, number of Adam steps, or of evaluations after which L-BFGS begins no new iteration.
            optimizer: `"adam"`, with cosine decay of `rate` to 0, or `"lbfgs"`.
            rate: float, Adam's first step size in pixel units of [-1, 1].
            callback: optional function of the step (from 1) and a dict of the losses before it, floats by name.

        Returns:
            Float32 array of shape `(height, width, 3)`, RGB in [-1, 1].

        Raises:
            ValueError: for an unknown optimizer or `steps` below 1, and when loss or picture stop being finite.
        """
        if optimizer not in OPTIMIZERS:
            raise ValueError(f"`optimizer` must be one of {', '.join(OPTIMIZERS)}. Received: {optimizer!r}")
        if steps < 1:
            raise ValueError(f"`steps` must be at least 1. Received: {steps}")
        if optimizer == "adam":
            decay = keras.optimizers.schedules.CosineDecay(rate, steps)
            # One pixel's gradient is some 1e-6: the usual epsilon of 1e-7 would already slow it down.
            self._compile(keras.optimizers.Adam(decay, epsilon=5e-8))
            for step in range(1, steps + 1):
                self._step(step, callback)
        else:
            self._lbfgs(steps, callback)
        picture = ops.convert_to_numpy(self(None))[0]
        if not np.isfinite(picture).all():  # the gradient can overflow where the loss does not
            raise ValueError("The picture must stay finite; smaller weights of the losses may help.")
        return picture

    def _compile(self, optimizer):
        # XLA slows convolutions down on CPUs; JAX has no other compiler.
        self.compile(optimizer, jit_compile=False if keras.backend.backend() == "tensorflow" else "auto")

    def _step(self, step, callback):
        self.reset_metrics()
        logs = {name: float(value) for name, value in self.train_on_batch(np.zeros((1, 1)), return_dict=True).items()}
        if not np.isfinite(logs["loss"]):
            raise ValueError(f"The loss must stay finite; it was {logs['loss']} at step {step}.")
        if callback is not None:
            callback(step, logs)
        return logs["loss"]

    def _lbfgs(self, steps, callback):
        from scipy.optimize import Bounds, minimize

        recorder, taken = _GradientRecorder(), 0
        self._compile(recorder)

        def loss_and_gradient(flat):
            nonlocal taken
            taken += 1
            self.picture.assign(flat.reshape(self.picture.shape).astype("float32"))
            loss = self._step(taken, callback)
            return loss, recorder.gradients[0].numpy().astype("float64").ravel()

        start = self.picture.numpy().astype("float64").ravel()
        # The tolerances are off: losses that are means over pixels have gradients below scipy's defaults at the start.
        options = {"maxiter": steps, "maxfun": steps, "ftol": 0.0, "gtol": 0.0}
        found = minimize(
            loss_and_gradient, start, jac=True, method="L-BFGS-B", bounds=Bounds(-1.0, 1.0), options=options
        )
        self.picture.assign(found.x.reshape(self.picture.shape).astype("float32"))


class _InRange(keras.constraints.Constraint):
    """Clips to the pixel range [-1, 1] after each update."""

    def __call__(self, value):
        return ops.clip(value, -1.0, 1.0)


class _GradientRecorder(keras.optimizers.Optimizer):
    """An optimizer that changes nothing and keeps the gradients, for minimisers outside Keras."""

    def __init__(self):
        super().__init__(learning_rate=1.0, name="gradient_recorder")

    def build(self, variables):
        if not self.built:
            super().build(variables)
            self.gradients = [self.add_variable_from_reference(variable, "gradient") for variable in variables]

    def update_step(self, gradient, variable, learning_rate):
        self.assign(self.gradients[self._get_variable_index(variable)], gradient)
