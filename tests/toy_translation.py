"""Tiny translators, critics and pictures of two kinds for the tests of translation."""

import keras
import numpy as np
from PIL import Image

from keras_stylegan.models import CycleGAN, Pix2Pix
from keras_stylegan.networks import PatchGANCritic

SIZE = (8, 12)


@keras.saving.register_keras_serializable(package="tests")
class ToyTranslator(keras.Model):
    """One convolution."""

    channels = out_channels = 3
    stride = 1

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.convolution = keras.layers.Conv2D(3, 3, padding="same", activation="tanh")

    def build(self, images_shape=None):
        self.convolution.build((None, None, None, 3))
        self.built = True

    def call(self, images, training=False):
        return self.convolution(images)


def translator():
    network = ToyTranslator()
    network.build()
    return network


def critic(condition_channels=0):
    network = PatchGANCritic(1, 2, condition_channels=condition_channels, normalization="none")
    network.build()
    return network


def spread_weights(model, seed=0):
    """Weights large enough for every part to matter."""
    rng = np.random.default_rng(seed)
    for variable in model.trainable_variables:
        variable.assign(rng.normal(0, 0.3, variable.shape))
    return model


def pix2pix(with_critic=True, **options):
    return spread_weights(Pix2Pix(translator(), critic(3) if with_critic else None, seed=3, **options))


def cyclegan(**options):
    networks = translator(), translator(), critic(), critic()
    return spread_weights(CycleGAN(*networks, **{"history_size": 3, "size": SIZE, "seed": 3, **options}))


def compiled(model, rate=0.01, **options):
    model.compile({player.name: keras.optimizers.SGD(rate) for player in model.players()}, **options)
    return model


def batch(count=4, seed=0, **more):
    rng = np.random.default_rng(seed)
    pictures = rng.uniform(-1, 1, (2, count, *SIZE, 3)).astype("float32")
    return {"images_a": pictures[0], "images_b": pictures[1], **more}


def write_pictures(folder, count=6, names=("A", "B"), size=(20, 16)):
    """Pictures of A and, under the same names, their negatives as B; returns the folder."""
    rng = np.random.default_rng(0)
    for i in range(count):
        picture = rng.integers(0, 256, (*size[::-1], 3), "uint8")
        for name, pixels in zip(names, (picture, 255 - picture), strict=True):
            (folder / name).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(folder / name / f"{i}.png")
    return folder
