"""A projection, tiny, the same on every backend: for test_backends.py."""

import numpy as np

from keras_stylegan.models import StyleProjection, style_directions
from keras_stylegan.networks import PerceptualNetwork, StyleGAN2Generator


def main(path):
    """Projects on the backend that Keras runs on and saves styles and losses as one npz file."""
    generator = StyleGAN2Generator((8, 8), channel_base=64, latent_dim=4, style_dim=4)
    network = PerceptualNetwork(((4,), (4,)), ("relu1_1", "relu2_1"))
    for seed, model in enumerate((generator, network)):
        model.build()
        random = np.random.default_rng(seed)
        for weight in model.weights:
            weight.assign(random.normal(size=weight.shape, scale=0.5))
    picture = np.random.default_rng(0).uniform(-1, 1, (8, 8, 3))
    losses = []
    projection = StyleProjection(generator, picture, network)
    styles = projection.optimize(5, callback=lambda step, logs: losses.append(logs["loss"]))
    np.savez(path, styles=styles, losses=losses, gains=style_directions(generator)[1])
