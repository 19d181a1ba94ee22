"""What a server answers with a stylisation network."""

from __future__ import annotations

import io
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

from keras_stylegan import pretrained
from keras_stylegan.exporters import saved_model_images as pictures
from keras_stylegan.exporters.saved_model_checks import (
    checked_files,
    checked_images,
    checked_mixtures,
    checked_rows,
    checked_shares,
    checked_vector,
)
from keras_stylegan.exporters.saved_model_service import Request, Service, holding, names_signature
from keras_stylegan.exporters.sources import Source
from keras_stylegan.inference.runtimes import KerasRuntime

# Encoded pictures of a request that are worked on at the same time: while one is painted, others are read and written.
PARALLEL_PICTURES = 2
# The side of the picture that a server warms up with.
WARMUP_SIZE = 256


def stylize_service(source: Source, folder: Path) -> Service:
    """The signatures of a stylisation network.

    | signature | inputs | output |
    |---|---|---|
    | `stylize_weights`, `serving_default` | `image` uint8 (B, H, W, 3), `style_weights` float (B, N), `strength` float
      (B) | `stylized` uint8 (B, H, W, 3) |
    | `stylize_vector` | `image`, `style_weights`, `style_vector` float (B, V), `strength` | `stylized` |
    | `encoded`, `encoded_png` | `image_bytes` string (B), `style_weights`, `strength` | `stylized_bytes` string (B) |
    | `style_names` | `index` int (B) | `name` string (B), `total` int (B): how many there are |

    B, H and W are of any size; pictures are painted at the size they come in. Rows of `style_weights` need not sum to
    1, but for `stylize_vector`: there `style_vector` is what styles outside of the bank add to the mixture, their
    vectors times their shares, which `style_weights` then lack. `image_bytes` are JPEG or PNG files of any sizes, the
    answers JPEG or PNG; what ends in `_bytes` is base64 in the JSON of TensorFlow Serving.

    Args:
        source: a built float32 `StyleTransformer` and the names of its styles.
        folder: where the names are written, from which saving takes them as an asset.
    """
    network = source.network
    module = holding(network.variables)
    specs = {
        "image": tf.TensorSpec([None, None, None, 3], tf.uint8, name="image"),
        "image_bytes": tf.TensorSpec([None], tf.string, name="image_bytes"),
        "style_weights": tf.TensorSpec([None, network.num_styles], tf.float32, name="style_weights"),
        "style_vector": tf.TensorSpec([None, network.vector_size], tf.float32, name="style_vector"),
        "strength": tf.TensorSpec([None], tf.float32, name="strength"),
    }

    @tf.function(reduce_retracing=True, autograph=False)
    def by_weights(image, style_weights, strength):
        return _any_size(_paint_mixture, network, image, style_weights, strength)

    def stylize_weights(image, style_weights, strength):
        image, count = _counted(checked_images(image))
        style_weights = checked_mixtures(style_weights, network.num_styles, count)
        return {"stylized": by_weights(image, style_weights, checked_vector("strength", strength, count, 0, 1))}

    def stylize_vector(image, style_weights, style_vector, strength):
        image, count = _counted(checked_images(image))
        style = (
            checked_shares(style_weights, network.num_styles, count),
            checked_rows("style_vector", style_vector, network.vector_size, count),
        )
        strength = checked_vector("strength", strength, count, 0, 1)
        return {"stylized": _any_size(_paint_vector, network, image, style, strength)}

    def encoded(encode):
        def stylize_file(row):
            content, style_weights, strength = row
            painted = by_weights(pictures.decode(content)[None], style_weights[None], strength[None])
            return encode(painted[0])

        def stylize_files(image_bytes, style_weights, strength):
            image_bytes, count = _counted(checked_files(image_bytes))
            style_weights = checked_mixtures(style_weights, network.num_styles, count)
            rows = image_bytes, style_weights, checked_vector("strength", strength, count, 0, 1)
            # One by one, as they have different sizes.
            files = tf.map_fn(stylize_file, rows, parallel_iterations=PARALLEL_PICTURES, fn_output_signature=tf.string)
            return {"stylized_bytes": files}

        return stylize_files

    def signature(call, *inputs):
        return tf.function(call, [specs[name] for name in (*inputs, "strength")], autograph=False)

    arrays = signature(stylize_weights, "image", "style_weights")
    requests = _requests(network)
    compared = requests["stylize_weights"]
    expected = KerasRuntime(network, network.stride).run(*(value[0] for value in compared.values()))
    return Service(
        module,
        {
            "serving_default": arrays,
            "stylize_weights": arrays,
            "stylize_vector": signature(stylize_vector, "image", "style_weights", "style_vector"),
            "encoded": signature(encoded(pictures.encode_jpeg), "image_bytes", "style_weights"),
            "encoded_png": signature(encoded(pictures.encode_png), "image_bytes", "style_weights"),
            "style_names": names_signature(module, source.names, folder / "styles.txt"),
        },
        requests,
        expected[None],
        "stylize_weights",
    )


def _counted(batch):
    return batch, tf.shape(batch)[0]


def _any_size(paint, network, image, style, strength):
    """Paints uint8 pictures of any size by one of the functions below, which want multiples of the stride."""
    padded, place = pictures.pad_to_stride(image, network.stride)
    return pictures.crop(pictures.to_uint8(paint(network, pictures.to_float(padded), style, strength)), place)


def _paint_mixture(network: keras.Model, images, style_weights, strength):
    return network({"images": images, "style_weights": style_weights, "strength": strength}, training=False)


def _paint_vector(network: keras.Model, images, style, strength):
    """As the network's call, with what is not in the bank added to the mixture."""
    style_weights, style_vector = style
    styles = {"style_weights": style_weights, "style_vectors": style_vector, "strength": strength}
    return network({"images": images, **styles}, training=False)


def _requests(network: keras.Model) -> dict[str, Request]:
    """One request for each signature: a packaged photograph in the first style."""
    with Image.open(io.BytesIO(pretrained.sample_photographs()[0].read_bytes())) as photograph:
        picture = photograph.convert("RGB").resize((WARMUP_SIZE, WARMUP_SIZE))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=pictures.JPEG_QUALITY)
    strength = np.ones(1, np.float32)
    weights = np.eye(1, network.num_styles, dtype=np.float32)
    vector = keras.ops.convert_to_numpy(network.bank.style_vectors())[:1]
    by_weights = {"style_weights": weights, "strength": strength}
    image, files = np.asarray(picture)[None], np.array([file.getvalue()], object)
    return {
        "stylize_weights": {"image": image, **by_weights},
        "stylize_vector": {"image": image, "style_vector": vector, **by_weights, "style_weights": 0 * weights},
        "encoded": {"image_bytes": files, **by_weights},
        "encoded_png": {"image_bytes": files, **by_weights},
        "style_names": {"index": np.arange(network.num_styles, dtype=np.int32)},
    }
