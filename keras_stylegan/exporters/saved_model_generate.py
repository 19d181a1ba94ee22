"""What a server answers with a generator."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from keras_stylegan.exporters import saved_model_images as pictures
from keras_stylegan.exporters.saved_model_checks import MAX_PICTURES, checked_rows, checked_vector, when
from keras_stylegan.exporters.saved_model_service import Service, holding, names_signature
from keras_stylegan.exporters.sources import Source
from keras_stylegan.inference.generator import truncates
from keras_stylegan.latents import seeded_latents
from keras_stylegan.models.sampling import render
from keras_stylegan.provenance import GENERATED


def generate_service(source: Source, folder: Path) -> Service:
    """The signatures of a generator.

    | signature | inputs | output |
    |---|---|---|
    | `generate`, `serving_default` | `seed` int64 (B) from 0 on | `pictures` uint8 (B, H, W, C) |
    | `generate_z` | `z` float (B, latent_dim), normally distributed | `pictures` |
    | `encoded` | `seed` | `pictures_bytes` string (B), PNG files |
    | `class_names`, with classes | `index` int (B) | `name` string (B), `total` int (B): how many there are |

    With classes the first three take `class_number` int (B) (TensorFlow refuses the name `class`), with styles
    `truncation` float (B) from 0 to 2. A seed gives the same picture on every server, but another one than
    `keras-stylegan generate`, whose random numbers are NumPy's; `keras_stylegan.serving.Client` sends the latents of
    those. A style-based generator takes its constant noise.

    Args:
        source: a built float32 generator and the names of its classes.
        folder: where the names are written, from which saving takes them as an asset.
    """
    network = source.network
    module = holding(network.variables)
    specs = {
        "seed": tf.TensorSpec([None], tf.int64, name="seed"),
        "z": tf.TensorSpec([None, network.latent_dim], tf.float32, name="z"),
    }
    options = {}
    if network.num_classes:
        options["class_number"] = tf.TensorSpec([None], tf.int32, name="class_number")
    if truncates(network):
        options["truncation"] = tf.TensorSpec([None], tf.float32, name="truncation")

    def picture(z, count, given):
        """Pictures of latents, with checked options."""
        arguments = {}
        if "class_number" in given:
            number = checked_vector("class_number", given["class_number"], count, 0, network.num_classes - 1)
            arguments["labels"] = tf.one_hot(number, network.num_classes)
        if "truncation" in given:
            arguments["truncation"] = checked_vector("truncation", given["truncation"], count, 0, 2)
        return pictures.to_uint8(network(z, training=False, **arguments))

    def generate(seed, given):
        seed = checked_vector("seed", seed, None, 0)
        count = tf.shape(seed)[0]
        (seed,) = when([_few(count)], seed)
        return picture(_latents(seed, network.latent_dim), count, given)

    def generate_z(z, given):
        count = tf.shape(z)[0]
        z = checked_rows("z", z, network.latent_dim, count)
        (z,) = when([_few(count)], z)
        return picture(z, count, given)

    def encoded(seed, given):
        def png(picture):
            return pictures.encode_png(picture, GENERATED)

        return tf.map_fn(png, generate(seed, given), fn_output_signature=tf.string)

    def signature(call, first, output):
        def answer(value, *values):
            return {output: call(value, dict(zip(options, values, strict=True)))}

        return tf.function(answer, [specs[first], *options.values()], autograph=False)

    by_seed = signature(generate, "seed", "pictures")
    signatures = {
        "serving_default": by_seed,
        "generate": by_seed,
        "generate_z": signature(generate_z, "z", "pictures"),
        "encoded": signature(encoded, "seed", "pictures_bytes"),
    }
    request, requests = {}, {}
    z = seeded_latents([0], network.latent_dim)
    if network.num_classes:
        request["class_number"] = np.zeros(1, np.int32)
        signatures["class_names"] = names_signature(module, source.names, folder / "classes.txt")
        requests["class_names"] = {"index": np.arange(network.num_classes, dtype=np.int32)}
    if truncates(network):
        request["truncation"] = np.full(1, 0.7, np.float32)
    by_seed_request = {"seed": np.zeros(1, np.int64), **request}
    requests |= {"generate": by_seed_request, "generate_z": {"z": z, **request}, "encoded": by_seed_request}
    return Service(module, signatures, requests, {"generate_z": _expected(network, z, request)})


def _few(count):
    return count <= MAX_PICTURES, f"a request may ask for at most {MAX_PICTURES} pictures.", count


def _latents(seed, latent_dim):
    """Latents of seeds, each on its own, by a generator of random numbers that is the same on every device."""

    def latent(number):
        return tf.random.stateless_normal([latent_dim], tf.stack([number, 0]), alg="philox")

    return tf.map_fn(latent, seed, fn_output_signature=tf.TensorSpec([latent_dim], tf.float32))


def _expected(network: keras.Model, z: np.ndarray, request: dict[str, np.ndarray]) -> np.ndarray:
    """What Keras makes of the request by a latent."""
    labels = [0] if network.num_classes else None
    return render(network, z, labels, **({"truncation": request["truncation"]} if "truncation" in request else {}))
