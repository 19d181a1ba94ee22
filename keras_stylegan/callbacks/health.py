"""Signs that a GAN collapses or its critic saturates, as numbers and in plain words."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable

import keras
import numpy as np
from rich.console import Console

from keras_stylegan.callbacks.clock import Clock
from keras_stylegan.intervals import Every
from keras_stylegan.ops.gradients import discard_updates

# ITU-R BT.601, without its common factor.
_LUMA = np.array([0.299, 0.587, 0.114])


class Health(keras.callbacks.Callback):
    """Adds signs of trouble to the logs every so often, and says in words when one appears.

    - `health/diversity`: how different the generated images of fixed inputs are, over how different real ones are:
      the ratio of the root mean squared distances between two images. 1 is as various as the data, 0 one image.
    - `health/real_sign`, `health/fake_sign`: mean sign of the critic's outputs on the fixed real and generated images.
      1 and -1 say that it is sure of every one: it has learnt its images by heart, or won.
    - `health/PLAYER_gradient`: the mean of `PLAYER/gradient_norm` over the interval, over the median of the intervals
      before: 1 is as ever.
    - `health/tone`, of a translator: the correlation of light and dark between the pictures it makes and those it makes
      them from, in the mean. 1 keeps them, 0 has nothing to do with them, -1 is a negative, which a cycle back hides.
      Hues are not looked at: a blue sky that turns orange may be what is wanted.

    Goes after `Clock` and before the callbacks that write logs down.

    Args:
        clock: the run's `Clock`.
        generate: function without arguments to a float array of shape `(batch, height, width, channels)`, at least two
            images in [-1, 1], always of the same inputs.
        real: float array of real images shaped like them.
        critic: optional function from images to the critic's outputs, of leading axis `batch`.
        every_images: int, images between looks.
        min_diversity: float, smallest diversity without a warning.
        max_sign: float, largest mean sign, on real and generated images, without a warning.
        max_gradient_change: float, largest factor of a gradient's norm, up or down, without a warning.
        console: where to warn, by default the standard error.
        inputs: of a translator, the fixed pictures that `generate` makes its own from, of equal height and width.
        min_tone: float, smallest mean correlation of light and dark without a warning.
        name: put behind `health/` and into warnings where several look at one run, such as `a_to_b`.

    Attributes:
        warnings: list of strings, those given so far. A warning is repeated only after its sign had gone.

    Raises:
        ValueError: if there are fewer than two real images, or these are all the same.

    Source: sign rate: Karras et al. 2020, "Training Generative Adversarial Networks with Limited Data", equation 1;
    diversity as pairwise distance follows Odena et al. 2017, section 4.2, with pixels for MS-SSIM.
    """

    def __init__(
        self,
        clock: Clock,
        generate: Callable[[], np.ndarray],
        real: np.ndarray,
        critic: Callable[[np.ndarray], np.ndarray] | None = None,
        every_images: int = 4000,
        min_diversity: float = 0.1,
        max_sign: float = 0.95,
        max_gradient_change: float = 100.0,
        console: Console | None = None,
        inputs: np.ndarray | None = None,
        min_tone: float = -0.2,
        name: str = "",
    ):
        super().__init__()
        self.clock = clock
        self.name = name
        self.min_tone = min_tone
        self.min_diversity = min_diversity
        self.max_sign = max_sign
        self.max_gradient_change = max_gradient_change
        self.console = console or Console(stderr=True, soft_wrap=True, highlight=False)
        self.warnings: list[str] = []
        self._generate = generate
        self._real = np.asarray(real)
        self._critic = critic
        self._inputs = inputs
        self._every = Every(every_images)
        self._spread = pairwise_distance(self._real)
        if self._spread == 0:
            raise ValueError("`real` must hold different images. Received: all the same")
        self._norms: dict[str, list[float]] = {}
        self._usual: dict[str, list[float]] = {}
        self._shown: set[str] = set()

    def on_train_begin(self, logs=None):
        self._every.last = self.clock.images_seen

    def on_train_batch_end(self, batch, logs=None):
        for name, value in (logs or {}).items():
            player, _, term = name.rpartition("/")
            if term == "gradient_norm" and math.isfinite(value):
                self._norms.setdefault(player, []).append(value)
        if logs is not None and self._every.due(self.clock.images_seen):
            logs |= self.look()

    def look(self) -> dict[str, float]:
        """Takes the signs now, warns of what is wrong, and returns them by log name."""
        with discard_updates():  # a random number drawn here would be missing in training
            fakes = np.asarray(keras.ops.convert_to_numpy(self._generate()), "float32")
        diversity = pairwise_distance(fakes) / self._spread
        signs = {self._key("diversity"): diversity}
        self._warn(
            "diversity",
            diversity < self.min_diversity,
            f"mode collapse: the generator paints nearly the same image whatever its input (diversity {diversity:.3f} "
            "of the data's). Go back to an earlier checkpoint; a stronger penalty or a lower rate of the critic helps.",
        )
        if self._inputs is not None:
            signs[self._key("tone")] = tone = tone_correlation(self._inputs, fakes)
            self._warn(
                "tone",
                tone < self.min_tone,
                f"inversion: the translator makes negatives, light of dark and dark of light (correlation {tone:.2f}); "
                "the way back undoes it, so the cycle does not mind. Begin anew with another seed or a greater weight "
                "of the identity term.",
            )
        if self._critic is not None:
            with discard_updates():
                outputs = [keras.ops.convert_to_numpy(self._critic(images)) for images in (self._real, fakes)]
            real, fake = (float(np.mean(np.sign(output))) for output in outputs)
            signs |= {self._key("real_sign"): real, self._key("fake_sign"): fake}
            self._warn(
                "sign",
                real > self.max_sign and fake < -self.max_sign,
                f"the critic is sure of every image (mean sign {real:.2f} on real, {fake:.2f} on generated ones): the "
                "generator learns little from it. More data, augmentation or a stronger penalty helps.",
            )
        return signs | self._gradients()

    def _gradients(self):
        signs = {}
        for player, norms in self._norms.items():
            mean, usual = statistics.fmean(norms), self._usual.setdefault(player, [])
            change = mean / max(statistics.median(usual), 1e-30) if usual else 1.0
            signs[self._key(f"{player}_gradient")] = change
            limit = self.max_gradient_change
            word = "vanishes" if change < 1 else "explodes"
            self._warn(
                f"{player} gradient",
                not 1 / limit <= change <= limit,
                f"the gradient of {player} {word}: its norm is {mean:.3g}, {change:.2g} times what it was.",
            )
            usual.append(mean)
        self._norms = {}
        return signs

    def _key(self, sign):
        return "/".join(filter(None, ("health", self.name, sign)))

    def _warn(self, sign, wrong, text):
        if wrong and sign not in self._shown:
            text = f"warning at {self.clock.kimg:g} kimg: {self.name and f'{self.name}: '}{text}"
            self.warnings.append(text)
            self.console.print(text, markup=False)
        (self._shown.add if wrong else self._shown.discard)(sign)


def pairwise_distance(images: np.ndarray) -> float:
    """Root of the mean squared difference between two different images of a batch, over all pairs and pixels.

    Raises:
        ValueError: for fewer than two images.
    """
    if len(images) < 2:
        raise ValueError(f"`images` must be at least two. Received: {len(images)}")
    # The mean over pairs of |a - b|^2 is twice the unbiased variance.
    return float(np.sqrt(2 * np.mean(np.var(images.astype("float64"), axis=0, ddof=1))))


def tone_correlation(inputs: np.ndarray, outputs: np.ndarray) -> float:
    """Pearson's correlation of luma between pictures and what was made of them, in the mean over the pictures.

    Args:
        inputs: float array of shape `(batch, height, width, 1 or 3)`.
        outputs: the same, of equal height and width.

    Returns:
        float in [-1, 1]; a picture of one luma counts as 0.
    """
    values = [np.mean(images * _LUMA if images.shape[-1] == 3 else images, axis=-1) for images in (inputs, outputs)]
    a, b = (luma - luma.mean(axis=(1, 2), keepdims=True) for luma in values)
    norms = np.sqrt(np.sum(a**2, axis=(1, 2)) * np.sum(b**2, axis=(1, 2)))
    return float(np.mean(np.sum(a * b, axis=(1, 2)) / np.maximum(norms, 1e-12)))
