"""A generator of vectors small enough to be trained in a test, and its critic."""

import keras
import numpy as np
from keras import ops

from keras_stylegan.losses import adversarial_loss, r1_penalty
from keras_stylegan.models import AdversarialModel, Player, Regularizer
from keras_stylegan.ops.gradients import input_gradient

BATCH, LATENT, SIZE = 8, 3, 4


def network(inputs, outputs, seed, dtype="float32"):
    """Two layers with fixed, reproducible weights that do not depend on the backend."""
    layers = [keras.layers.Dense(5, activation="tanh", dtype=dtype), keras.layers.Dense(outputs, dtype=dtype)]
    input_dtype = "float64" if dtype == "float64" else "float32"
    net = keras.Sequential([keras.Input((inputs,), dtype=input_dtype), *layers])
    rng = np.random.default_rng(seed)
    net.set_weights([rng.normal(size=w.shape, scale=0.5) for w in net.get_weights()])
    return net


class ToyGAN(AdversarialModel):
    """Non-saturating GAN on vectors with R1.

    Args:
        steps: updates of the discriminator per step.
        every: period of R1.
        loss: name of the adversarial loss.
        dtype: policy of the networks.
    """

    def __init__(self, steps=1, every=1, loss="non_saturating", dtype="float32", **kwargs):
        super().__init__(seed=7, **kwargs)
        self.generator = self.make_generator(dtype)
        self.discriminator = network(SIZE, 1, seed=2, dtype=dtype)
        self.pair = adversarial_loss(loss)
        self.steps, self.every = steps, every

    def make_generator(self, dtype):
        return network(LATENT, SIZE, seed=1, dtype=dtype)

    def players(self):
        r1 = Regularizer("r1", self.r1, every=self.every)
        return [
            Player("discriminator", [self.discriminator], self.lose_discriminator, self.steps, [r1]),
            Player("generator", [self.generator], self.lose_generator),
        ]

    def draw(self, batch):
        if "latents" not in batch:
            shape = (ops.shape(batch["images"])[0], LATENT)
            batch["latents"] = keras.random.normal(shape, seed=self.seed_generator)
        return batch

    def lose_discriminator(self, batch):
        fakes = self.generator(batch["latents"], training=True)
        real, fake = self.discriminator(batch["images"]), self.discriminator(fakes)
        return {"adversarial": self.pair.discriminator(real, fake)}

    def lose_generator(self, batch):
        fakes = self.generator(batch["latents"], training=True)
        real = self.discriminator(batch["images"]) if self.pair.relativistic else None
        return {"adversarial": self.pair.generator(real, self.discriminator(fakes))}

    def r1(self, batch):
        _, gradients = input_gradient(self.discriminator, batch["images"])
        return r1_penalty(gradients, gamma=0.5)


def batches(count, dtype="float32", batch=BATCH):
    """The data and the draws of `count` steps."""
    rng = np.random.default_rng(3)
    return [
        {
            "images": rng.normal(size=(batch, SIZE)).astype(dtype) + 1.0,
            "latents": rng.normal(size=(batch, LATENT)).astype(dtype),
        }
        for _ in range(count)
    ]


def main(path):
    """Trains on the backend that Keras runs on and saves the weights and the logs as one npz file."""
    fed = ToyGAN(steps=2, every=2)
    sgd = {name: keras.optimizers.SGD(0.2) for name in ("discriminator", "generator")}
    fed.compile(sgd, clip_norm=0.8, ema={"half_life_kimg": 0.02})
    step = fed.make_step()
    for batch in batches(3):
        logs = step(batch)
    drawn = ToyGAN()
    adam = {name: keras.optimizers.Adam(0.01) for name in ("discriminator", "generator")}
    drawn.compile(adam, updates="simultaneous", max_bad_updates=2)
    step = drawn.make_step()
    losses = [step({"images": batch["images"]})["discriminator/loss"] for batch in batches(40)]
    stopped = ""
    try:
        for batch in batches(2):
            step({"images": batch["images"] * np.nan})
    except FloatingPointError as error:
        stopped = str(error)
    state = [*fed.weights, *fed.ema.weights, *drawn.weights]
    arrays = [ops.convert_to_numpy(ops.copy(variable.value)) for variable in state]
    count = len(fed.weights) + len(fed.ema.weights)
    np.savez(
        path,
        fed=np.concatenate([array.ravel() for array in arrays[:count]]),
        drawn=np.concatenate([array.ravel() for array in arrays[count:]]),
        log_names=sorted(logs),
        log_values=[logs[name] for name in sorted(logs)],
        losses=losses,
        stopped=stopped,
    )
