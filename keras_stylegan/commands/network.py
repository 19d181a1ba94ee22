"""Loads the packaged network for a command."""

import os


def load_network():
    """Returns the packaged `Stylizer`, without the line that LiteRT prints on standard error when it first runs.

    LiteRT has no switch for that line, and in this program standard error is for mistakes. So the first run is made
    here, on a picture of no size, while standard error leads nowhere; mistakes are exceptions and are not lost.
    """
    import numpy as np

    from keras_stylegan.inference import load

    standard_error, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        network = load()
        weights = np.full(len(network.styles), 1 / len(network.styles), np.float32)
        network.runtime.run(np.zeros((1, 1, 3), np.uint8), weights, 1.0)
        return network
    finally:
        os.dup2(standard_error, 2)
        os.close(standard_error)
        os.close(nowhere)
