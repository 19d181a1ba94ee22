"""SNGAN's residual networks: published counts, spectral weights, a critic that forgets nothing between runs."""

import keras
import numpy as np

from keras_stylegan.models import NoiseToImage
from keras_stylegan.networks import ResNetCritic, ResNetGenerator


def built(network):
    network.build()
    return network


def trained(network):
    return sum(int(np.prod(v.shape)) for v in network.trainable_variables)


def test_parameter_counts_at_32():
    # mimicry's SNGANGenerator32: 4,276,739. The critic: 3 -> 128 with a shortcut, 128 down with one, two without, 129.
    assert trained(built(ResNetGenerator())) == 4_276_739
    first, down, flat = 3584 + 147_584 + 512, 2 * 147_584 + 16_512, 2 * 147_584
    assert trained(built(ResNetCritic())) == first + down + 2 * flat + 129


def test_training_makes_every_weight_of_the_critic_one_lipschitz():
    generator = built(ResNetGenerator((8, 8), latent_dim=3, filters=4))
    critic = built(ResNetCritic((8, 8), filters=6))
    model = NoiseToImage(generator, critic, loss="hinge", seed=0)
    model.compile({name: keras.optimizers.SGD(0.0) for name in ("critic", "generator")})
    step = model.make_step()
    for _ in range(40):  # the estimate improves with every pass
        step({"images": np.zeros((2, 8, 8, 3), "float32")})
    layers = [layer for layer in critic._flatten_layers() if hasattr(layer, "normalized_kernel")]
    assert len(layers) == 3 + 2 + 1
    for layer in layers:
        kernel = np.array(layer.normalized_kernel(False))
        np.testing.assert_allclose(np.linalg.norm(kernel.reshape(-1, kernel.shape[-1]), 2), 1.0, atol=0.02)


def test_shortcut_of_the_mean_is_the_mean_of_the_shortcut():
    critic = built(ResNetCritic((16, 16), filters=4, normalization="none"))
    block, images = critic.blocks[0], np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype("float32")
    first, second = block.convolutions
    x = second(keras.ops.relu(first(images))) + block.shortcut(images)
    np.testing.assert_allclose(block(images), keras.ops.average_pool(x, 2), atol=1e-5)
