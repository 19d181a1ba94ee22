"""Several GANs of one kind, each from a seed of its own, trained in one graph by the package's adversarial step."""

import keras
import numpy as np
from keras import ops

from keras_stylegan.losses import adversarial_loss, gradient_penalty, interpolate, r1_penalty, r2_penalty
from keras_stylegan.models import AdversarialModel, Player, Regularizer
from keras_stylegan.ops.gradients import compile_step, input_gradient

# Objective and penalties by the name in the table.
LOSSES = {
    "NS": ("non_saturating", ()),
    "NS+R1": ("non_saturating", ("r1",)),
    "NS+R1+R2": ("non_saturating", ("r1", "r2")),
    "WGAN-GP": ("wasserstein", ("gradient_penalty",)),
    "RpGAN+R1": ("relativistic", ("r1",)),
    "RpGAN+R1+R2": ("relativistic", ("r1", "r2")),
}


class StackedMLP(keras.layers.Layer):
    """Perceptrons beside each other, one a copy, as batched matrix products.

    Args:
        copies: int, how many.
        filters: list of ints, widths of the hidden layers.
        outputs: int.
        negative_slope: float, of the leaky ReLUs; 0 makes them ReLUs.
        frequency: float; above 0 the inputs first become sines and cosines of that many random directions as the first
            layer is wide, of normally distributed frequencies with this standard deviation in cycles per unit. A plain
            perceptron is slow to learn detail much finer than its input's range (Tancik et al. 2020). 0 leaves it out.
        seed: int, of weights and frequencies.

    Input shape: `(batch, copies, inputs)`. Output shape: `(batch, copies, outputs)`.
    """

    def __init__(self, copies, filters, outputs, negative_slope=0.2, frequency=0.0, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.copies, self.filters, self.outputs = copies, list(filters), outputs
        self.negative_slope, self.frequency, self.seed = negative_slope, frequency, seed

    def build(self, input_shape):
        random, inputs = np.random.default_rng(self.seed), input_shape[-1]
        self.directions = None
        if self.frequency:
            size = (self.copies, inputs, self.filters[0] // 2)
            self.directions = (2 * np.pi * random.normal(size=size, scale=self.frequency)).astype("float32")
            inputs = 2 * size[-1]
        self.kernels, self.biases = [], []
        for index, outputs in enumerate([*self.filters, self.outputs]):
            gain = 2.0 if index < len(self.filters) else 1.0
            values = random.normal(size=(self.copies, inputs, outputs), scale=np.sqrt(gain / inputs))
            kernel = self.add_weight(shape=values.shape, name=f"kernel_{index}")
            kernel.assign(values)
            self.kernels.append(kernel)
            bias = self.add_weight(shape=(self.copies, 1, outputs), initializer="zeros", name=f"bias_{index}")
            self.biases.append(bias)
            inputs = outputs
        self.built = True

    def call(self, inputs):
        x = ops.transpose(inputs, (1, 0, 2))
        if self.directions is not None:
            angles = ops.matmul(x, self.directions)
            x = ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=-1)
        for kernel, bias in zip(self.kernels[:-1], self.biases[:-1], strict=True):
            x = ops.leaky_relu(ops.matmul(x, kernel) + bias, self.negative_slope)
        return ops.transpose(ops.matmul(x, self.kernels[-1]) + self.biases[-1], (1, 0, 2))

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.outputs)

    def get_config(self):
        names = ("copies", "filters", "outputs", "negative_slope", "frequency", "seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


class CoverageGAN(AdversarialModel):
    """GANs on vectors, z ~ N(0, I), all with the same networks, data and loss.

    Data: dict with `points` of shape `(batch, copies, dimensions)`. An image's loss is the sum over the copies, so the
    gradient of each copy's weights is that of its own objective alone.

    Args:
        copies: int, GANs beside each other.
        dimensions: int, of the data.
        latent: int, of z.
        width, depth: ints, hidden layers of both networks.
        frequency: float, of the critic's Fourier features; 0 for none.
        loss: name among `LOSSES`.
        gamma: float, weight of R1 and R2.
        penalty: float, weight of the gradient penalty.
        critic_steps: int, updates of the critic a step.
        slope: float, of the generator's leaky ReLUs; the critic's is 0.2.
        seed: int.
    """

    def __init__(
        self,
        copies,
        dimensions,
        latent,
        width,
        depth,
        frequency,
        loss,
        gamma,
        penalty,
        critic_steps,
        slope=0.0,
        seed=0,
    ):
        super().__init__(seed=seed)
        self.latent, self.gamma, self.penalty, self.critic_steps = latent, gamma, penalty, critic_steps
        self.copies = copies
        objective, self.penalties = LOSSES[loss]
        self.pair = adversarial_loss(objective)
        filters = [width] * depth
        self.generator = StackedMLP(copies, filters, dimensions, slope, seed=seed + 1, name="generator")
        self.critic = StackedMLP(copies, filters, 1, frequency=frequency, seed=seed + 2, name="critic")
        self.generator.build((None, copies, latent))
        self.critic.build((None, copies, dimensions))

    def players(self):
        regularizers = [Regularizer(name, getattr(self, name)) for name in self.penalties]
        return [
            Player("critic", [self.critic], self.lose_critic, self.critic_steps, regularizers),
            Player("generator", [self.generator], self.lose_generator),
        ]

    def draw(self, batch):
        shape = ops.shape(batch["points"])[:2]
        latents = keras.random.normal((*shape, self.latent), seed=self.seed_generator)
        alphas = keras.random.uniform((*shape, 1), seed=self.seed_generator)
        return {"points": batch["points"], "latents": latents, "alphas": alphas, **batch}

    def lose_critic(self, batch):
        real, fake = self.critic(batch["points"]), self.critic(self.generator(batch["latents"]))
        # The pair takes the mean over the copies, of which the sum is wanted.
        return {"adversarial": self.copies * self.pair.discriminator(real, fake)}

    def lose_generator(self, batch):
        fake = self.critic(self.generator(batch["latents"]))
        real = self.critic(batch["points"]) if self.pair.relativistic else None
        return {"adversarial": self.copies * self.pair.generator(real, fake)}

    def _penalize(self, points, function, weight):
        """A penalty of each copy's own gradient, summed over the copies."""
        _, gradients = input_gradient(self.critic, points)
        values = function(ops.reshape(gradients, (-1, gradients.shape[-1])), weight)
        return ops.sum(ops.reshape(values, (-1, self.copies)), axis=1)

    def r1(self, batch):
        return self._penalize(batch["points"], r1_penalty, self.gamma)

    def r2(self, batch):
        return self._penalize(self.generator(batch["latents"]), r2_penalty, self.gamma)

    def gradient_penalty(self, batch):
        between = interpolate(batch["points"], self.generator(batch["latents"]), batch["alphas"])
        return self._penalize(between, gradient_penalty, self.penalty)


def make_steps(model):
    """Several training steps in one call: of networks this small, calling a step costs more than the step.

    Args:
        model: compiled `CoverageGAN`.

    Returns:
        Callable from points `(steps, batch, copies, dimensions)` to the critic's loss after the last step. It raises
        FloatingPointError as `fit` does.
    """
    if keras.backend.backend() != "jax":
        step = model.make_step()
        return lambda points: [step({"points": part})["critic/loss"] for part in points][-1]
    variables = list(model.state_variables().values())

    def step(values, points):
        with keras.StatelessScope(zip(variables, values, strict=True)) as scope:
            logs = model.update_step({"points": points})
            return [scope.get_current_value(variable) for variable in variables], logs["critic/loss"]

    def steps(points):
        values, losses = ops.scan(step, [ops.convert_to_tensor(variable) for variable in variables], points)
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        return losses[-1]

    compiled = compile_step(steps, variables)

    def run(points):
        loss = float(compiled(ops.convert_to_tensor(points)))
        model.check_updates()
        return loss

    return run
