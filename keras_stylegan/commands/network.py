"""Loads the packaged network for a command."""

from keras_stylegan.commands.silence import silence


def load_network(banks=()):
    """Returns the packaged `Stylizer` with the own styles of bank files.

    LiteRT prints a line on standard error when it first runs and has no switch for that, so the first run is made here,
    in silence, on a picture of one pixel.
    """
    import numpy as np

    from keras_stylegan.inference import load

    with silence():
        network = load(banks=banks)
        count = len(network.palette.bank)
        weights = np.full(count, 1 / count, np.float32)
        network.runtime.run(np.zeros((1, 1, 3), np.uint8), weights, 1.0)
    return network
