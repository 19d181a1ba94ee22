"""The baseline of one style small enough to be trained in a test."""

import keras
import numpy as np
import toy_styles

from keras_stylegan.models import MultiStyleTransfer
from keras_stylegan.networks import JohnsonTransformer, PerceptualNetwork


def compiled(run_eagerly=False):
    """On SGD, so that a step says what its gradient was."""
    rng = np.random.default_rng(3)
    network, perceptual = JohnsonTransformer(2, num_blocks=1), PerceptualNetwork(((4, 4), (4, 4), (4,), (4,)))
    for part in (network, perceptual):
        part.build()
        toy_styles.filled(part, rng)
    painting = rng.uniform(-1, 1, (toy_styles.SIZE, toy_styles.SIZE, 3)).astype("float32")
    model = MultiStyleTransfer(network, perceptual, [painting], methods={"gram": 1.0, "mean_std": 0.5}, seed=2)
    model.compile({"generator": keras.optimizers.SGD(0.01)}, run_eagerly=run_eagerly)
    return model


def batch(count, seed=0):
    return toy_styles.batch(styles=count * ((1,),), strength=np.linspace(0.5, 1, count), seed=seed)
