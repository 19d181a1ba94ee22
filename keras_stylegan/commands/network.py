"""Loads the packaged network for a command."""

from keras_stylegan.commands.silence import silence


def load_network():
    """Returns the packaged `Stylizer`, without the line that LiteRT prints on standard error when it first runs.

    LiteRT has no switch for that line, so the first run is made here, on a picture of one pixel.
    """
    import numpy as np

    from keras_stylegan.inference import load

    with silence():
        network = load()
        weights = np.full(len(network.styles), 1 / len(network.styles), np.float32)
        network.runtime.run(np.zeros((1, 1, 3), np.uint8), weights, 1.0)
    return network
