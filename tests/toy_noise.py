"""GANs that use every mechanism of `NoiseToImage`, tiny, the same on every backend: for test_backends.py."""

import keras
import numpy as np
from keras import ops

from keras_stylegan.models import CosineSchedule, NoiseToImage, PerUpdate, ProgressiveGAN, ScheduledAdam
from keras_stylegan.networks import DCGANCritic, DCGANGenerator, ProgressiveCritic, ProgressiveGenerator

BATCH, LATENT, SIZE = 4, 3, (8, 8)


def set_weights(*networks):
    """Numbers that do not depend on the backend's random generator."""
    for seed, network in enumerate(networks):
        rng = np.random.default_rng(seed)
        for weight in network.weights:
            if weight.trainable or weight.name == "singular_vector":
                weight.assign(rng.normal(size=weight.shape, scale=0.3))


def batches(count):
    rng = np.random.default_rng(0)
    return [
        {
            "images": rng.uniform(-1, 1, (BATCH, *SIZE, 3)).astype("float32"),
            "latents": rng.normal(size=(BATCH, LATENT)).astype("float32"),
            "turns": rng.integers(0, 4, BATCH).astype("int32"),
        }
        for _ in range(count)
    ]


def spectral():
    """Spectral norm, relativistic pair, scheduled R1 and R2, rotations, clipping, scheduled Adam, the average."""
    generator = DCGANGenerator(SIZE, latent_dim=LATENT, filters=4, normalization="none")
    critic = DCGANCritic(SIZE, filters=4, normalization="spectral")
    generator.build()
    critic.build()
    gamma = CosineSchedule(1.0, 0.1, kimg=0.016)
    penalties = {"r1": gamma, "r2": gamma}
    model = NoiseToImage(generator, critic, "relativistic", penalties, rotation_weights=(1.0, 0.2), weight_limit=0.8)
    set_weights(generator, critic, model.rotation_head)
    beta_2 = PerUpdate(CosineSchedule(0.9, 0.99, kimg=0.016), images=BATCH)
    optimizers = {n: ScheduledAdam(beta_2, learning_rate=0.01, epsilon=1e-3) for n in ("critic", "generator")}
    model.compile(optimizers, ema={"half_life_kimg": CosineSchedule(0.0, 0.1, kimg=0.016)})
    return model


def growing():
    """Growth and drift."""
    generator = ProgressiveGenerator(SIZE, latent_dim=LATENT, filters=4)
    critic = ProgressiveCritic(SIZE, filters=4, group_size=2)
    generator.build()
    critic.build()
    penalties = {"drift": 0.001}
    model = ProgressiveGAN(generator, critic, 0.004, 0.008, loss="wasserstein", penalties=penalties)
    set_weights(generator, critic)
    model.compile({name: keras.optimizers.SGD(1e-3) for name in ("critic", "generator")}, ema={"half_life_kimg": 1.0})
    return model


def main(path):
    """Trains on the backend that Keras runs on and saves the weights and the logs as one npz file."""
    values, names, logged = [], [], []
    for model in (spectral(), growing()):
        step = model.make_step()
        for batch in batches(3):
            logs = step(batch)
        state = [*model.weights, *model.ema.weights]
        values += [ops.convert_to_numpy(ops.copy(variable.value)).ravel() for variable in state]
        names += sorted(logs)
        logged += [logs[name] for name in sorted(logs)]
    np.savez(path, fed=np.concatenate(values), log_names=names, log_values=logged)
