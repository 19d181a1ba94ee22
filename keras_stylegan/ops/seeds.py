"""Random numbers in steps that run on several replicas."""

import keras
from keras import ops

from keras_stylegan.ops import gradients

# Seeds that runs and their parts are given lie beside each other: the replicas' lie far from all of them.
_STRIDE = 1_000_003


class ReplicaSeedGenerator(keras.random.SeedGenerator):
    """Draws different numbers on each replica; a plain generator's state is mirrored, so its draws would repeat."""

    def next(self, ordered=True):
        seed = super().next(ordered)
        return seed + ops.cast(ops.stack([_STRIDE * gradients.replica_index(), 0]), seed.dtype)
