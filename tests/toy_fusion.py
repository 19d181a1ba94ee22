"""The fusion system small enough to be trained in a test."""

import keras
import numpy as np
from toy_training import save_training

from keras_stylegan.models import Fusion
from keras_stylegan.networks import FusionCritic, FusionGenerator, PerceptualNetwork

SIZE = 16


def stirred(network, seed=0, spread=0.2):
    """The network with weights that every input shows in."""
    network.build()
    rng = np.random.default_rng(seed)
    for weight in network.weights:
        weight.assign(keras.ops.convert_to_numpy(weight) + rng.normal(0, spread, weight.shape))
    return network


def tiny_generator(num_blocks=(1, 1, 1), spread=0.2):
    return stirred(FusionGenerator((4, 6, 8), num_blocks, latent_dim=3), spread=spread)


def build(with_critic=True, num_blocks=(1, 1, 1), **options):
    perceptual = stirred(PerceptualNetwork(((4,), (4,), (4,), (4,)), name="tiny"))
    critic = {"critic": stirred(FusionCritic(4, 2), 1, spread=0.05), "critic_weight": 0.5} if with_critic else {}
    return Fusion(tiny_generator(num_blocks), perceptual, **critic, **options)


def batch(count=2, regions=2, seed=4):
    rng = np.random.default_rng(seed)
    masks = np.zeros((count, SIZE, SIZE, regions), "float32")
    for index in range(regions):
        masks[:, 2 + 5 * index : 6 + 5 * index, 3:12, index] = 1
    return {
        "source": rng.uniform(-1, 1, (count, SIZE, SIZE, 3)).astype("float32"),
        "target": rng.uniform(-1, 1, (count, SIZE, SIZE, 3)).astype("float32"),
        "masks": masks,
        "noise": rng.normal(size=(count, 3)).astype("float32"),
    }


def compiled(**options):
    """Few blocks, for little to compile, on SGD; weights the same on every backend."""
    model, rng = build(num_blocks=(0, 1, 0), seed=5), np.random.default_rng(6)
    for weight in (w for part in (model.generator, model.perceptual, model.critic) for w in part.weights):
        if weight.name in ("kernel", "singular_vector"):  # the others begin with constants
            weight.assign(rng.normal(0, 1 / np.sqrt(np.prod(weight.shape[:-1])), weight.shape))
    optimizers = {name: keras.optimizers.SGD(0.01) for name in ("critic", "generator")}
    model.compile(optimizers, clip_norm=1.0, **options)
    return model


def main(path):
    """Trains on the backend that Keras runs on and saves the weights and the logs as one npz file."""
    model = compiled()
    step = model.make_step()
    for seed in range(3):
        logs = step(batch(seed=seed))
    save_training(path, logs, [*model.generator.weights, *model.critic.weights])
