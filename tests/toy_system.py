"""The smallest system that trains like the real ones: two players on 8x8 pictures, a few hundred parameters."""

import dataclasses
import os
import typing

import keras
import numpy as np
from keras import ops

from keras_stylegan import systems
from keras_stylegan.data import Crops, to_uint8
from keras_stylegan.models.adversarial import AdversarialModel
from keras_stylegan.models.players import Player
from keras_stylegan.presets import Preset

# Of the generator on one picture: a 3x3 convolution of 3 to 3 channels at 8x8 positions.
TOY_FLOPS = 2 * 8 * 8 * (3 * 3 * 3) * 3


@dataclasses.dataclass(frozen=True)
class ToyPreset(Preset):
    learning_rate: float = 0.01
    poisoned_from: int = 10**9
    poisoned_to: int = 10**9

    system: typing.ClassVar[str] = "toy"


class ToyGAN(AdversarialModel):
    """Noise to pictures, with a dropout's seed, a pool of earlier pictures, and a frozen network."""

    def __init__(self, seed):
        super().__init__(seed=seed)
        self.pool = keras.Variable(np.zeros((2, 8, 8, 3)), dtype="float32", trainable=False, name="pool")
        self.frozen = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1000, trainable=False)])
        convolution = keras.layers.Conv2D(3, 3, padding="same", activation="tanh")
        self.generator = keras.Sequential([keras.Input((8, 8, 3)), convolution, keras.layers.Dropout(0.1, seed=seed)])
        layers = keras.layers.Conv2D(4, 3, strides=2), keras.layers.Flatten(), keras.layers.Dense(1)
        self.critic = keras.Sequential([keras.Input((8, 8, 3)), *layers])

    def players(self):
        return [
            Player("critic", [self.critic], self.critic_terms),
            Player("generator", [self.generator], self.generator_terms),
        ]

    def draw(self, batch):
        noise = keras.random.normal(ops.shape(batch["content"]), seed=self.seed_generator)
        return {"noise": noise, **batch}

    def frozen_networks(self):
        return [self.frozen]

    def critic_terms(self, batch):
        fake = ops.stop_gradient(self.generator(batch["noise"], training=True))
        fake = ops.concatenate([fake[2:], self.pool.value])
        self.pool.assign(ops.where(ops.all(ops.isfinite(fake)), fake[:2], self.pool.value))
        real = ops.softplus(-self.critic(batch["content"]))
        return {"adversarial": (real + ops.softplus(self.critic(fake)))[:, 0]}

    def generator_terms(self, batch):
        return {"adversarial": ops.softplus(-self.critic(self.generator(batch["noise"], training=True)))[:, 0]}


class Poisoned:
    """Batches whose pixels are NaN from some index on, up to another."""

    def __init__(self, crops, start, end):
        self.crops, self.start, self.end = crops, start, end

    def __getitem__(self, index):
        return {"content": self.crops[index] * np.float32(np.nan if self.start <= index < self.end else 1)}


def build_toy(preset):
    model = ToyGAN(preset.seed)
    optimizers = {name: keras.optimizers.Adam(preset.learning_rate) for name in ("critic", "generator")}
    model.compile(optimizers, jit_compile=systems.jit_compile(), max_bad_updates=3)
    pictures = np.random.default_rng(0).integers(0, 256, (10, 12, 12, 3), "uint8")
    crops = Crops(pictures, 8, preset.batch_size, seed=preset.seed)

    def preview():
        noise = np.random.default_rng(1).normal(size=(4, 8, 8, 3)).astype("float32")
        return to_uint8(ops.convert_to_numpy(model.generator(noise)))

    return systems.System(
        model,
        Poisoned(crops, preset.poisoned_from, preset.poisoned_to),
        preview,
        lambda folder: systems.save_whole(model.generator, folder / "generator.keras"),
        {"pictures": len(pictures)},
        lambda: model.generator(np.zeros((1, 8, 8, 3), "float32")),
        systems.Probe(lambda: model.generator(crops[1]), crops[0], model.critic),
    )


systems.SYSTEMS["toy"] = build_toy


def main(out):
    """Two steps on whatever backend is set, for a process of its own in which TensorFlow cannot be imported."""
    from keras_stylegan.runs import train

    train(ToyPreset(kimg=0.008), out)
    return os.environ["KERAS_BACKEND"]
