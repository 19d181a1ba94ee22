"""What a server answers with a stylisation network."""

from __future__ import annotations

from pathlib import Path

import keras
import tensorflow as tf

from keras_stylegan import pretrained
from keras_stylegan.exporters import saved_model_images as pictures
from keras_stylegan.exporters.package_files import half_precision
from keras_stylegan.exporters.saved_model_checks import (
    MAX_PIXELS,
    checked_files,
    checked_images,
    checked_masks,
    checked_mixtures,
    checked_rows,
    checked_shares,
    checked_vector,
)
from keras_stylegan.exporters.saved_model_service import (
    Service,
    encoded_signatures,
    files_spec,
    holding,
    names_signature,
    picture_spec,
)
from keras_stylegan.exporters.saved_model_stylize_requests import expected_of, requests_of
from keras_stylegan.exporters.sources import Source
from keras_stylegan.inference.style_pictures import SMALLEST

# Maps of styles take that many times the memory of one style for all of a picture.
MAPS_MEMORY = 4


def stylize_service(source: Source, folder: Path) -> Service:
    """The signatures of a stylisation network.

    | signature | inputs | output |
    |---|---|---|
    | `stylize_weights`, `serving_default` | `image` uint8 (B, H, W, 3), `style_weights` float (B, N), `strength` float
      (B) | `stylized` uint8 (B, H, W, 3) |
    | `stylize_vector` | `image`, `style_weights`, `style_vector` float (B, V), `strength` | `stylized` |
    | `stylize_regions` | `image`, `masks` float (B, H, W, R), `style_weights` float (B, R, N), `style_vectors` float
      (B, R, V), `strength` | `stylized` |
    | `encoded`, `encoded_png` | `image_bytes` string (B), `style_weights`, `strength` | `stylized_bytes` string (B) |
    | `predict_style`, with a predictor | `picture` uint8 (B, H, W, 3) | `style_vector` float (B, V) |
    | `style_names` | `index` int (B) | `name` string (B), `total` int (B): how many there are, `space` string (B): the
      mark of the network, which banks of own styles must bear |

    B, H and W are of any size; pictures are painted at the size they come in. Rows of `style_weights` need not sum to
    1, but for `stylize_vector` and `stylize_regions`: there vectors are what styles outside of the bank add to a
    mixture, their vectors times their shares, which `style_weights` then lack. `masks` say which share each of R
    regions has of a pixel, in a mixture of its own; what none covers stays as it is. `image_bytes` are JPEG or PNG
    files of any sizes, the answers JPEG or PNG; what ends in `_bytes` is base64 in the JSON of TensorFlow Serving.
    What the LiteRT file has too has its names there.

    Args:
        source: a built float32 `StyleTransformer`, the names of its styles, and perhaps a `StylePredictor`.
        folder: where the names are written, from which saving takes them as an asset.
    """
    network, predictor = source.network, source.predictor
    module = holding([*network.variables, *(predictor.variables if predictor is not None else ())])
    num_styles, vector_size = network.num_styles, network.vector_size
    space = pretrained.style_space(half_precision(network)[0])
    specs = {
        "image": picture_spec(),
        "image_bytes": files_spec(),
        "masks": tf.TensorSpec([None, None, None, None], tf.float32, name="masks"),
        "style_weights": tf.TensorSpec([None, num_styles], tf.float32, name="style_weights"),
        "style_vector": tf.TensorSpec([None, vector_size], tf.float32, name="style_vector"),
        "style_vectors": tf.TensorSpec([None, None, vector_size], tf.float32, name="style_vectors"),
        "strength": tf.TensorSpec([None], tf.float32, name="strength"),
    }
    specs["regions_weights"] = tf.TensorSpec([None, None, num_styles], tf.float32, name="style_weights")

    @tf.function(reduce_retracing=True, autograph=False)
    def by_weights(image, style_weights, strength):
        return _painted(network, image, {"style_weights": style_weights, "strength": strength})

    def stylize_weights(image, style_weights, strength):
        image, count = _counted(checked_images(image))
        style_weights = checked_mixtures(style_weights, num_styles, count)
        return {"stylized": by_weights(image, style_weights, checked_vector("strength", strength, count, 0, 1))}

    def stylize_vector(image, style_weights, style_vector, strength):
        image, count = _counted(checked_images(image))
        styles = {
            "style_weights": checked_shares(style_weights, num_styles, count),
            "style_vectors": checked_rows("style_vector", style_vector, vector_size, count),
            "strength": checked_vector("strength", strength, count, 0, 1),
        }
        return {"stylized": _painted(network, image, styles)}

    def stylize_regions(image, masks, style_weights, style_vectors, strength):
        image, count = _counted(checked_images(image, max_pixels=MAX_PIXELS // MAPS_MEMORY))
        masks = checked_masks(masks, image)
        regions = tf.shape(masks)[3]
        styles = {
            "style_weights": checked_shares(style_weights, num_styles, count, regions),
            "style_vectors": checked_rows("style_vectors", style_vectors, vector_size, count, regions),
            "strength": checked_vector("strength", strength, count, 0, 1),
        }
        return {"stylized": _painted(network, image, styles, masks)}

    def stylize_file(content, style_weights, strength):
        return by_weights(pictures.decode(content)[None], style_weights[None], strength[None])[0]

    def checked_request(image_bytes, style_weights, strength):
        image_bytes, count = _counted(checked_files(image_bytes))
        style_weights = checked_mixtures(style_weights, num_styles, count)
        return image_bytes, style_weights, checked_vector("strength", strength, count, 0, 1)

    def signature(call, *inputs):
        return tf.function(call, [specs[name] for name in inputs], autograph=False)

    arrays = signature(stylize_weights, "image", "style_weights", "strength")
    of_files = [specs[name] for name in ("image_bytes", "style_weights", "strength")]
    signatures = {
        "serving_default": arrays,
        "stylize_weights": arrays,
        "stylize_vector": signature(stylize_vector, "image", "style_weights", "style_vector", "strength"),
        "stylize_regions": signature(stylize_regions, "image", "masks", "regions_weights", "style_vectors", "strength"),
        **encoded_signatures(stylize_file, of_files, "stylized_bytes", checked_request),
        "style_names": names_signature(module, source.names, folder / "styles.txt", space=space),
    }
    requests = requests_of(network)
    if predictor is not None:
        signatures["predict_style"] = _predict_style(predictor)
        requests["predict_style"] = {"picture": requests["stylize_weights"]["image"]}
    return Service(module, signatures, requests, expected_of(source, requests))


def _predict_style(predictor: keras.Model):
    @tf.function(input_signature=[picture_spec("picture")], autograph=False)
    def predict_style(picture):
        picture = checked_images(picture, "picture", smallest=SMALLEST)
        return {"style_vector": predictor(pictures.to_float(picture))}

    return predict_style


def _counted(batch):
    return batch, tf.shape(batch)[0]


def _painted(network: keras.Model, image, styles, masks=None):
    """Paints uint8 pictures of any size."""
    if masks is not None:
        styles = {**styles, "masks": pictures.pad_to_stride(masks, network.stride)[0]}
    return pictures.through(lambda images: network({"images": images, **styles}, training=False), image, network.stride)
