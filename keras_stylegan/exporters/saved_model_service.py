"""What a SavedModel is made of, whatever the system."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import Image

from keras_stylegan import pretrained
from keras_stylegan.exporters.saved_model_checks import checked_vector
from keras_stylegan.exporters.saved_model_images import JPEG_QUALITY, encode_jpeg, encode_png

# Encoded pictures of a request that are worked on at the same time: while one is painted, others are read and written.
PARALLEL_PICTURES = 2
# The side of the picture that a server warms up with.
WARMUP_SIZE = 256
Request = dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Service:
    """A system as a server has it.

    Attributes:
        module: holds the variables and assets that the signatures use.
        signatures: `tf.function`s with named inputs, returning dicts of named outputs; one is `serving_default`.
        requests: a request for each signature but `serving_default`: the server warms up with them.
        expected: what Keras answers to requests by the names of their signatures, which have one output each: uint8
            pictures, or float rows.
    """

    module: tf.Module
    signatures: dict[str, Any]
    requests: dict[str, Request]
    expected: dict[str, np.ndarray]


def names_signature(module: tf.Module, names: Sequence[str], file: Path, **about: str):
    """A signature from `index` int (B) to `name` string (B) and `total` int (B), how many names there are.

    The names, of styles, classes or domains, travel as an asset.

    Args:
        module: takes the asset.
        names: the names, in order.
        file: where to write them, one a line; the SavedModel has a copy in its assets.
        **about: further outputs, string (B), and what each says of every name.
    """
    file.write_text("\n".join(names), encoding="utf-8")
    module.names_file = asset = tf.saved_model.Asset(str(file))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32, name="index")], autograph=False)
    def name_of(index):
        index = checked_vector("index", index, None, 0, len(names) - 1)
        name = tf.gather(tf.strings.split(tf.io.read_file(asset.asset_path), "\n"), index)
        told = {output: tf.fill(tf.shape(index), text) for output, text in about.items()}
        return {"name": name, "total": tf.fill(tf.shape(index), len(names)), **told}

    return name_of


def holding(variables: Sequence[Any]) -> tf.Module:
    """A module with variables of a network, without the network: Keras would put its own functions into the file."""
    module = tf.Module()
    module.variables_of_network = [variable.value for variable in variables]
    return module


def picture_spec(name: str = "image") -> tf.TensorSpec:
    """Pictures of one size, as an input."""
    return tf.TensorSpec([None, None, None, 3], tf.uint8, name=name)


def files_spec(name: str = "image_bytes") -> tf.TensorSpec:
    """Files of pictures, as an input."""
    return tf.TensorSpec([None], tf.string, name=name)


def sample_pictures(size: tuple[int, int] | None = None) -> np.ndarray:
    """A packaged photograph to warm up with, uint8 `(1, height, width, 3)`, of `WARMUP_SIZE` where no size is given."""
    height, width = size or (WARMUP_SIZE, WARMUP_SIZE)
    with Image.open(io.BytesIO(pretrained.sample_photographs()[0].read_bytes())) as photograph:
        return np.asarray(photograph.convert("RGB").resize((width, height)))[None]


def sample_file(pixels: np.ndarray) -> np.ndarray:
    """Pixels as a vector of one string, a JPEG file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=JPEG_QUALITY)
    return np.array([file.getvalue()], object)


def encoded_signatures(change, inputs: Sequence[tf.TensorSpec], output: str, rules) -> dict[str, Any]:
    """The signatures `encoded` and `encoded_png`: files of different sizes in, JPEG or PNG files out.

    Args:
        change: function from a row of each of the inputs to uint8 pixels `(height, width, 1 | 3)`.
        inputs: specs of the inputs.
        output: name of the output.
        rules: function from the inputs to the inputs, which exist only if they are right.
    """

    def by(encode):
        def answer(*values):
            # One by one, as they have different sizes.
            files = tf.map_fn(
                lambda row: encode(change(*row)),
                rules(*values),
                parallel_iterations=PARALLEL_PICTURES,
                fn_output_signature=tf.string,
            )
            return {output: files}

        return tf.function(answer, inputs, autograph=False)

    return {"encoded": by(encode_jpeg), "encoded_png": by(encode_png)}
