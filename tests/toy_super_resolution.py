"""Super-resolution small enough to be trained in a test, its weights the same on every backend."""

import keras
import numpy as np
from PIL import Image
from toy_training import save_training

from keras_stylegan.models import SuperResolution
from keras_stylegan.networks import SuperResolutionNetwork, TextureCritic


def photograph(height, width, seed=0, noise=6):
    y, x = np.mgrid[:height, :width]
    waves = np.sin(np.stack([x / 3 + seed, y / 4, (x + y) / 5], -1)) * 90 + 128
    return np.uint8(np.clip(waves + np.random.default_rng(seed).normal(0, noise, waves.shape), 0, 255))


def write_photographs(folder):
    for i in range(4):
        Image.fromarray(photograph(40, 52, i)).save(folder / f"{i}.png")
    return folder


def filled(network, seed, spread):
    rng = np.random.default_rng(seed)
    network.set_weights([rng.normal(0, spread, weight.shape) for weight in network.weights])
    return network


def tiny_network(seed=0, factor=4):
    """Weights drawn at random: the last kernel, which starts at 0, would hide the body."""
    network = SuperResolutionNetwork(factor, filters=4, num_blocks=1)
    network.build()
    return filled(network, seed, 0.1)


def tiny_critic():
    critic = TextureCritic(filters=4, num_halvings=1)
    critic.build()
    return filled(critic, 1, 0.2)


def batch(size=2, seed=0):
    rng = np.random.default_rng(seed)
    shapes = {"images": (size, 16, 16, 3), "small": (size, 4, 4, 3)}
    return {name: rng.uniform(-1, 1, shape).astype("float32") for name, shape in shapes.items()}


def compiled(**options):
    """Pixels, a relativistic critic and its penalty, on SGD."""
    model = SuperResolution(
        tiny_network(), critic=tiny_critic(), critic_weight=0.3, penalty_weight=2.0, penalty_every=2
    )
    model.compile({name: keras.optimizers.SGD(0.05) for name in ("critic", "generator")}, clip_norm=1.0, **options)
    return model


def main(path):
    """Trains on the backend that Keras runs on and saves the weights and the logs as one npz file."""
    model = compiled(ema={"half_life_kimg": 0.01})
    step = model.make_step()
    for seed in range(3):
        logs = step(batch(seed=seed))
    save_training(path, logs, [*model.network.weights, *model.critic.weights, *model.ema.weights])
