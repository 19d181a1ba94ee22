"""The Inception network of 5 December 2015: the only one whose Fréchet distance is called FID.

It differs from `keras.applications.InceptionV3` in weights and in pooling, so that their scores do not compare.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np
from keras import layers

IMAGE_SIZE = 299
# The PyTorch conversion of the frozen graph, `weights-inception-2015-12-05-6726825d.pth` of torch-fidelity's release
# 0.2.0; the last part of its name is the beginning of its SHA-256.
CHECKSUM = "6726825d"
_EPSILON = 1e-3


def read_inception_2015(path: str | Path) -> dict[str, np.ndarray]:
    """Reads the network's weights from a local copy of `weights-inception-2015-12-05-6726825d.pth`.

    Args:
        path: path of the file. Reading it takes torch; running the network does not.

    Returns:
        Dict from name to array, convolution kernels as `(out, in, height, width)`.

    Raises:
        FileNotFoundError: for a missing file.
        ValueError: if the file is another one, by its checksum, or torch is not installed.
    """
    path = Path(path)
    checksum = hashlib.sha256(path.read_bytes()).hexdigest()
    if not checksum.startswith(CHECKSUM):
        raise ValueError(
            f"`weights` of inception-2015 must be weights-inception-2015-12-05-{CHECKSUM}.pth: a score of other "
            f"weights is no FID. Received: {path} with SHA-256 {checksum[:8]}..."
        )
    try:
        import torch
    except ImportError as error:
        raise ValueError(f"{path}: reading this file takes torch (pip install 'keras_stylegan[backends]')") from error
    return {name: tensor.numpy() for name, tensor in torch.load(path, map_location="cpu", weights_only=True).items()}


def build_inception_2015(state: Mapping[str, np.ndarray]) -> keras.Model:
    """Builds the network with batch normalisation folded into the convolutions.

    Args:
        state: dict as of `read_inception_2015`.

    Returns:
        Model from RGB in 0..255, shape `(batch, 299, 299, 3)`, to a dict with `features` `(batch, 2048)`, the last
        pooling, and `logits` `(batch, 1008)` without biases, as the Inception score has always used them.

    Source: Szegedy et al. 2015, "Rethinking the Inception Architecture for Computer Vision", table 1; the deviations of
    the published graph (average pools that do not count their padding, a maximum pool in the last block) as described
    in torch-fidelity.
    """
    inputs = keras.Input((IMAGE_SIZE, IMAGE_SIZE, 3))
    x = layers.Rescaling(1 / 128.0, -1.0)(inputs)
    x = _conv(x, "Conv2d_1a_3x3", 32, 3, strides=2, padding="valid")
    x = _conv(x, "Conv2d_2a_3x3", 32, 3, padding="valid")
    x = _conv(x, "Conv2d_2b_3x3", 64, 3)
    x = layers.MaxPooling2D(3, 2)(x)
    x = _conv(x, "Conv2d_3b_1x1", 80, 1)
    x = _conv(x, "Conv2d_4a_3x3", 192, 3, padding="valid")
    x = layers.MaxPooling2D(3, 2)(x)
    for name, pool_filters in (("Mixed_5b", 32), ("Mixed_5c", 64), ("Mixed_5d", 64)):
        x = _block_35(x, name, pool_filters)
    x = _reduction_17(x, "Mixed_6a")
    for name, filters in (("Mixed_6b", 128), ("Mixed_6c", 160), ("Mixed_6d", 160), ("Mixed_6e", 192)):
        x = _block_17(x, name, filters)
    x = _reduction_8(x, "Mixed_7a")
    x = _block_8(x, "Mixed_7b", layers.AveragePooling2D)
    x = _block_8(x, "Mixed_7c", layers.MaxPooling2D)
    features = layers.GlobalAveragePooling2D()(x)
    logits = layers.Dense(1008, use_bias=False, name="fc")(features)
    network = keras.Model(inputs, {"features": features, "logits": logits}, name="inception-2015")
    _assign(network, state)
    return network


def _conv(x, name, filters, kernel_size, strides=1, padding="same"):
    return layers.Conv2D(filters, kernel_size, strides, padding, activation="relu", name=name)(x)


def _chain(x, name, *steps):
    """Convolutions one after the other, each given as (suffix, filters, kernel size) and maybe further arguments."""
    for suffix, *arguments in steps:
        x = _conv(x, f"{name}.{suffix}", *arguments)
    return x


def _pooled(x, name, filters, pooling=layers.AveragePooling2D):
    return _conv(pooling(3, 1, "same")(x), f"{name}.branch_pool", filters, 1)


def _block_35(x, name, pool_filters):
    branches = [
        _chain(x, name, ("branch1x1", 64, 1)),
        _chain(x, name, ("branch5x5_1", 48, 1), ("branch5x5_2", 64, 5)),
        _chain(x, name, ("branch3x3dbl_1", 64, 1), ("branch3x3dbl_2", 96, 3), ("branch3x3dbl_3", 96, 3)),
        _pooled(x, name, pool_filters),
    ]
    return layers.Concatenate()(branches)


def _reduction_17(x, name):
    last = ("branch3x3dbl_3", 96, 3, 2, "valid")
    branches = [
        _chain(x, name, ("branch3x3", 384, 3, 2, "valid")),
        _chain(x, name, ("branch3x3dbl_1", 64, 1), ("branch3x3dbl_2", 96, 3), last),
        layers.MaxPooling2D(3, 2)(x),
    ]
    return layers.Concatenate()(branches)


def _block_17(x, name, filters):
    row, column = (1, 7), (7, 1)
    double = [("branch7x7dbl_1", filters, 1)]
    double += [(f"branch7x7dbl_{i}", filters, row if i % 2 else column) for i in (2, 3, 4)]
    branches = [
        _chain(x, name, ("branch1x1", 192, 1)),
        _chain(x, name, ("branch7x7_1", filters, 1), ("branch7x7_2", filters, row), ("branch7x7_3", 192, column)),
        _chain(x, name, *double, ("branch7x7dbl_5", 192, row)),
        _pooled(x, name, 192),
    ]
    return layers.Concatenate()(branches)


def _reduction_8(x, name):
    last = ("branch7x7x3_4", 192, 3, 2, "valid")
    middle = [("branch7x7x3_2", 192, (1, 7)), ("branch7x7x3_3", 192, (7, 1))]
    branches = [
        _chain(x, name, ("branch3x3_1", 192, 1), ("branch3x3_2", 320, 3, 2, "valid")),
        _chain(x, name, ("branch7x7x3_1", 192, 1), *middle, last),
        layers.MaxPooling2D(3, 2)(x),
    ]
    return layers.Concatenate()(branches)


def _block_8(x, name, pooling):
    single = _chain(x, name, ("branch3x3_1", 384, 1))
    double = _chain(x, name, ("branch3x3dbl_1", 448, 1), ("branch3x3dbl_2", 384, 3))
    branches = [_chain(x, name, ("branch1x1", 320, 1))]
    for branch, suffix in ((single, "branch3x3_2"), (double, "branch3x3dbl_3")):
        branches += [
            _chain(branch, name, (f"{suffix}a", 384, (1, 3))),
            _chain(branch, name, (f"{suffix}b", 384, (3, 1))),
        ]
    return layers.Concatenate()([*branches, _pooled(x, name, 192, pooling)])


def _assign(network, state):
    for layer in network.layers:
        if isinstance(layer, layers.Conv2D):
            gamma, beta, mean, variance = (
                state[f"{layer.name}.bn.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
            )
            scale = gamma / np.sqrt(variance + _EPSILON)
            kernel = state[f"{layer.name}.conv.weight"].transpose(2, 3, 1, 0)
            layer.set_weights([kernel * scale, beta - mean * scale])
    network.get_layer("fc").set_weights([state["fc.weight"].T])
