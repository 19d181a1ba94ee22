"""Restoration by an untrained network (Ulyanov et al.): noise removed, holes filled, detail added, no data needed.

    model = DeepImagePrior(HourglassNetwork(), noisy, "denoise")
    picture = model.restore(steps=1500)     # (height, width, 3), RGB in [-1, 1]

The gradient comes from Keras' own training step, so it is compiled and runs on every backend.
"""

import keras
import numpy as np
from keras import ops

from keras_stylegan.models.images import check_picture
from keras_stylegan.ops.bicubic import resize_bicubic

TASKS = ("denoise", "inpaint", "upscale")


class DeepImagePrior(keras.Model):
    """A network that learns one picture, of which only a damaged version is known.

    Loss: the mean squared error between the damaged picture and the network's output, damaged alike: as it is
    (`"denoise"`), outside the hole (`"inpaint"`), or made smaller (`"upscale"`). The network's input is fixed noise,
    shaken a little at every step; the result is the running average of its outputs, which suppresses what differs from
    step to step. Fitted for too long, the network reproduces the damage as well: `steps` is the regulariser.

    Args:
        network: `HourglassNetwork`, trained here from the weights it has.
        observed: float array of shape `(height, width, 3)`, RGB in [-1, 1].
        task: `"denoise"`, `"inpaint"` or `"upscale"`.
        mask: for `"inpaint"`, array of shape `(height, width)` in [0, 1]: 1 where pixels are missing.
        factor: int, for `"upscale"`.
        code_channels: int, channels of the noise.
        jitter: float, standard deviation of what is added to the noise at every step.
        decay: float in [0, 1), of the running average; 0 keeps the last output.
        seed: int or None.

    Raises:
        ValueError: for arguments that do not fit together.

    Source: Ulyanov et al. 2018 (arXiv 1711.10925), sections 2 and 3; jitter and average: supplement.
    """

    def __init__(
        self, network, observed, task="denoise", mask=None, factor=4, code_channels=32, jitter=1 / 30, decay=0.99,
        seed=0, **kwargs,
    ):  # fmt: skip
        super().__init__(**kwargs)
        observed = check_picture("observed", observed)
        if task not in TASKS:
            raise ValueError(f"`task` must be one of {', '.join(TASKS)}. Received: {task!r}")
        if (mask is not None) != (task == "inpaint"):
            raise ValueError(f"`mask` must be given for inpaint, and only then. Received: task={task!r}, mask={mask!r}")
        if not 0 <= decay < 1 or not jitter >= 0:
            raise ValueError(
                f"`decay` must be from 0 to below 1 and `jitter` at least 0. Received: decay={decay}, jitter={jitter}"
            )
        if factor < 1 or code_channels < 1:
            raise ValueError(
                "`factor` and `code_channels` must be positive. "
                f"Received: factor={factor}, code_channels={code_channels}"
            )
        self.network, self.task = network, task
        self.jitter, self.decay = jitter, decay
        self.observed = ops.convert_to_tensor(observed)
        self.hole = None if mask is None else ops.convert_to_tensor(_hole(mask, observed.shape[1:3]))
        scale = factor if task == "upscale" else 1
        self.size = tuple(scale * side for side in observed.shape[1:3])
        # Continued to what the network takes: at least 2x2 pixels at its smallest size.
        stride = network.stride
        padded = [max(2 * stride, -(-side // stride) * stride) for side in self.size]
        self.seed_generator = keras.random.SeedGenerator(seed)
        code = np.random.default_rng(seed).uniform(0.0, 0.1, (1, *padded, code_channels))
        self.code = self._state("code", code.shape)
        self.code.assign(code.astype("float32"))
        if not network.built:
            network.build(code.shape)
        self.total = self._state("total", (1, *self.size, 3))
        self.share = self._state("share", ())

    def _state(self, name, shape):
        return self.add_weight(name=name, shape=shape, initializer="zeros", dtype="float32", trainable=False)

    def build(self, input_shape=None):
        self.built = True

    def call(self, inputs=None, training=False):
        """The network's picture, `(1, height, width, 3)`; `inputs` is not used. In training it joins the average."""
        code = ops.convert_to_tensor(self.code)
        if training and self.jitter:
            code = code + self.jitter * keras.random.normal(code.shape, seed=self.seed_generator)
        picture = self.network(code)[:, : self.size[0], : self.size[1]]
        if training:
            # A weighted sum and the sum of the weights: an average without a bias towards its start.
            self.total.assign(self.decay * self.total + (1 - self.decay) * ops.stop_gradient(picture))
            self.share.assign(self.decay * self.share + (1 - self.decay))
        return picture

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        if self.task == "upscale":
            y_pred = resize_bicubic(y_pred, self.observed.shape[1:3])
        squares = ops.square(y_pred - self.observed)
        if self.hole is None:
            return ops.mean(squares)
        known = ops.broadcast_to(1.0 - self.hole, squares.shape)
        return ops.sum(known * squares) / ops.sum(known)

    def restore(self, steps=1500, rate=0.01, callback=None):
        """Fits the network, from where it is.

        Args:
            steps: int, steps of Adam.
            rate: float, its learning rate.
            callback: optional function of the step (from 1) and its loss.

        Returns:
            Float32 array of shape `(height, width, 3)`, RGB in [-1, 1]; for `"inpaint"` with the known pixels kept.

        Raises:
            ValueError: if `steps` or `rate` is not positive, or the loss stops being finite.
        """
        if steps < 1 or not rate > 0:
            raise ValueError(f"`steps` and `rate` must be positive. Received: steps={steps}, rate={rate}")
        # XLA slows convolutions down on CPUs; JAX has no other compiler.
        jit_compile = False if keras.backend.backend() == "tensorflow" else "auto"
        self.compile(keras.optimizers.Adam(rate), jit_compile=jit_compile)
        for step in range(1, steps + 1):
            self.reset_metrics()
            loss = float(self.train_on_batch(np.zeros((1, 1)), return_dict=True)["loss"])
            if not np.isfinite(loss):
                raise ValueError(f"The loss must stay finite; it was {loss} at step {step}.")
            if callback is not None:
                callback(step, loss)
        picture = ops.convert_to_tensor(self.total) / ops.convert_to_tensor(self.share)
        if self.hole is not None:
            picture = self.observed + self.hole * (picture - self.observed)
        return ops.convert_to_numpy(picture)[0]


def _hole(mask, size):
    mask = np.asarray(mask, "float32")
    if mask.shape != tuple(size):
        raise ValueError(f"`mask` must have the picture's height and width {tuple(size)}. Received: {mask.shape}")
    if not (np.isfinite(mask).all() and mask.min() >= 0 and mask.max() <= 1):
        raise ValueError(f"`mask` must be from 0 to 1. Received: {mask.min()} to {mask.max()}")
    if not mask.any() or mask.min() == 1:
        raise ValueError(f"`mask` must have missing and known pixels. Received: a mean of {mask.mean()}")
    return mask[None, :, :, None]
