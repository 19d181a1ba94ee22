"""Tiny networks of pictures for tests of `NoiseToImage`, one of them with a known gradient."""

import keras
import numpy as np
from keras import ops

from keras_stylegan.models import NoiseToImage
from keras_stylegan.networks import DCGANCritic, DCGANGenerator

SIZE, LATENT = (8, 8), 5


class LinearCritic(keras.Model):
    """The logit is a linear map of the picture: the gradient is its weight, everywhere."""

    feature_size = 192

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = keras.layers.Dense(1, use_bias=False)
        self.blocks = [self.dense]

    def build(self, images_shape=None):
        self.dense.build((None, self.feature_size))
        self.built = True

    def features(self, images, labels=None, training=False):
        return ops.reshape(images, (-1, self.feature_size))

    def call(self, images, labels=None, training=False):
        return self.dense(self.features(images))


def networks(linear=False, **options):
    generator = DCGANGenerator(SIZE, latent_dim=LATENT, filters=4, num_classes=options.get("num_classes", 0))
    critic = LinearCritic() if linear else DCGANCritic(SIZE, filters=4, **{"normalization": "none", **options})
    for network in (generator, critic):
        network.build()
    return generator, critic


def gan(linear=False, critic_options=(), compiled=True, **options):
    keras.utils.set_random_seed(0)
    model = NoiseToImage(*networks(linear, **dict(critic_options)), seed=3, **options)
    if compiled:
        model.compile({name: keras.optimizers.SGD(0.1) for name in ("critic", "generator")})
    return model


def batch(count=4, **more):
    images = np.random.default_rng(0).uniform(-1, 1, (count, *SIZE, 3)).astype("float32")
    return {"images": images, **more}


def values(network):
    return [np.array(variable) for variable in network.trainable_variables]
