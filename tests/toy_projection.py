"""A projection and a style learnt, tiny, the same on every backend: for test_backends.py."""

import keras
import numpy as np
import toy_styles

from keras_stylegan.models import StyleLearning, StyleProjection, style_directions
from keras_stylegan.models.distillation import gradient_agreement
from keras_stylegan.networks import PerceptualNetwork, StyleGAN2Generator


def main(path):
    """Projects and learns on the backend that Keras runs on and saves what comes of it as one npz file."""
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
    network = toy_styles.build(num_blocks=(0, 1, 0), widening=0)
    photographs = [toy_styles.batch(seed=seed)["content"] for seed in range(3)]
    learning = StyleLearning(network.network, network.perceptual, [photographs[0][0]])
    bank = learning.bank_losses(photographs[1])
    learning.begin_at(keras.ops.convert_to_numpy(network.network.bank.style_vectors())[0])
    vector = learning.optimize(photographs, 3, content=float(np.median(bank["content"])))
    agreement = gradient_agreement(network.perceptual, network.perceptual, photographs[0][:1], photographs[1][:1])
    own = {"vector": vector, "bank_content": bank["content"], "agreement": agreement}
    np.savez(path, **own, styles=styles, losses=losses, gains=style_directions(generator)[1])
