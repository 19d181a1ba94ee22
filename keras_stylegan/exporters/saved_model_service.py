"""What a SavedModel is made of, whatever the system."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from keras_stylegan.exporters.saved_model_checks import checked_vector

Request = dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Service:
    """A system as a server has it.

    Attributes:
        module: holds the variables and assets that the signatures use.
        signatures: `tf.function`s with named inputs, returning dicts of named outputs; one is `serving_default`.
        requests: a request for each signature but `serving_default`: the server warms up with them.
        expected: what Keras answers to the request of the signature `compared`, a uint8 array.
        compared: name of that signature, which has one output.
    """

    module: tf.Module
    signatures: dict[str, Any]
    requests: dict[str, Request]
    expected: np.ndarray
    compared: str


def names_signature(module: tf.Module, names: Sequence[str], file: Path):
    """A signature from `index` int (B) to `name` string (B) and `total` int (B), how many names there are.

    The names, of styles or classes, travel as an asset.

    Args:
        module: takes the asset.
        names: the names, in order.
        file: where to write them, one a line; the SavedModel has a copy in its assets.
    """
    file.write_text("\n".join(names), encoding="utf-8")
    module.names_file = asset = tf.saved_model.Asset(str(file))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32, name="index")], autograph=False)
    def name_of(index):
        index = checked_vector("index", index, None, 0, len(names) - 1)
        name = tf.gather(tf.strings.split(tf.io.read_file(asset.asset_path), "\n"), index)
        return {"name": name, "total": tf.fill(tf.shape(index), len(names))}

    return name_of


def holding(variables: Sequence[Any]) -> tf.Module:
    """A module with variables of a network, without the network: Keras would put its own functions into the file."""
    module = tf.Module()
    module.variables_of_network = [variable.value for variable in variables]
    return module
