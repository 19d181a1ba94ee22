"""The fusion system small enough to be trained in a test."""

import keras
import numpy as np

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


def tiny_generator(spread=0.2):
    return stirred(FusionGenerator((4, 6, 8), (1, 1, 1), latent_dim=3), spread=spread)


def build(with_critic=True, **options):
    perceptual = stirred(PerceptualNetwork(((4,), (4,), (4,), (4,)), name="tiny"))
    critic = {"critic": stirred(FusionCritic(4, 2), 1), "critic_weight": 0.5} if with_critic else {}
    return Fusion(tiny_generator(), perceptual, **critic, **options)


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
