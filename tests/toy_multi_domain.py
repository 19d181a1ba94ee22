"""Translation between several domains small enough to be trained in a test."""

import keras
import numpy as np

from keras_stylegan.models import MultiDomainTranslation
from keras_stylegan.networks import DomainEncoder, DomainTranslator

SIZE = (8, 12)


def compiled(rate=0.01, run_eagerly=False, **options):
    """Three domains, on SGD."""
    keras.utils.set_random_seed(0)
    translator, critic = DomainTranslator(3, 2, 4, 1, 1, 3, 2, 1), DomainEncoder(3, 1, 2, 4, 2)
    for network in (translator, critic):
        network.build()
    made = MultiDomainTranslation(translator, critic, seed=3, **options)
    made.compile({name: keras.optimizers.SGD(rate) for name in ("critic", "generator")}, run_eagerly=run_eagerly)
    return made


def batch(count=3, seed=0):
    rng = np.random.default_rng(seed)
    pictures = rng.uniform(-1, 1, (3, count, *SIZE, 3)).astype("float32")
    latents = rng.normal(size=(2, count, 2)).astype("float32")
    given = dict(zip(("images", "references", "references_2"), pictures, strict=True))
    given |= dict(zip(("latents", "latents_2"), latents, strict=True))
    return {**given, "labels": np.arange(count) % 3, "targets": (np.arange(count) + 1) % 3}
