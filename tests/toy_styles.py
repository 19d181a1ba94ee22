"""The multi-style system small enough to be trained in a test, its weights the same on every backend."""

import keras
import numpy as np
from keras import ops
from toy_training import save_training

from keras_stylegan.models import MultiStyleTransfer
from keras_stylegan.networks import PatchCritic, PerceptualNetwork, StyleTransformer

NUM_STYLES, SIZE = 3, 16


def filled(network, rng):
    """The network with weights that do not depend on the backend."""
    for weight in network.weights:
        # The bank's own values are constants: scales at their neutral gain, to which the styles add.
        start = ops.convert_to_numpy(weight) if "bank" in weight.path else 0.0
        spread = 0.3 if len(weight.shape) < 3 else 1 / np.sqrt(np.prod(weight.shape[:-1]))
        weight.assign(start + rng.normal(0, spread, weight.shape))
    return network


def tiny_critic():
    critic = PatchCritic(NUM_STYLES, filters=4, num_layers=1)
    critic.build((None, None, None, 3))
    return critic


def build(with_critic=False, num_blocks=(1, 1, 1), widening=8, size=SIZE, **options):
    rng = np.random.default_rng(3)
    network = StyleTransformer(NUM_STYLES, widths=(8, 8, 8), num_blocks=num_blocks)
    network.build()
    perceptual = PerceptualNetwork(((4, 4), (4, 4), (4,), (4,)), name="tiny")
    perceptual.build()
    critic = {"critic": filled(tiny_critic(), rng), "critic_weight": 0.5} if with_critic else {}
    pictures = [rng.uniform(-1, 1, (size, size + widening * i, 3)).astype("float32") for i in range(NUM_STYLES)]
    return MultiStyleTransfer(filled(network, rng), filled(perceptual, rng), pictures, **critic, **options)


def batch(styles=((1, 0, 0), (0, 0.25, 0.75)), strength=(1, 1), seed=4, size=SIZE):
    rng = np.random.default_rng(seed)
    return {
        "content": rng.uniform(-1, 1, (len(styles), size, size, 3)).astype("float32"),
        "style_weights": np.array(styles, "float32"),
        "strength": np.array(strength, "float32"),
        "origin": rng.uniform(0, 100, (len(styles), 2)).astype("float32"),
        "style_crops": rng.uniform(-1, 1, (len(styles), size, size, 3)).astype("float32"),
        "mix": rng.uniform(0, 1, (len(styles), 1, 1, 1)).astype("float32"),
    }


def main(path):
    """Trains on the backend that Keras runs on and saves the weights and the logs as one npz file."""
    # Few blocks and few different shapes: JAX compiles every operation for each of them.
    model = build(with_critic=True, num_blocks=(0, 1, 0), widening=0, methods={"gram": 1.0, "mean_std": 0.5})
    optimizers = {"generator": keras.optimizers.SGD(0.01), "critic": keras.optimizers.SGD(0.01)}
    model.compile(optimizers, clip_norm=1.0)
    step = model.make_step()
    for seed in range(3):
        logs = step(batch(strength=(1, 0.6), seed=seed))
    save_training(path, logs, [*model.network.weights, *model.critic.weights])
