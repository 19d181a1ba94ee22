"""What a server answers with a network from a picture to a picture: a translator, or one that enlarges."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from keras_stylegan.data import to_uint8
from keras_stylegan.exporters import saved_model_images as pictures
from keras_stylegan.exporters.saved_model_checks import MAX_PIXELS, checked_files, checked_images
from keras_stylegan.exporters.saved_model_service import (
    Service,
    encoded_signatures,
    files_spec,
    holding,
    picture_spec,
    sample_file,
    sample_pictures,
)
from keras_stylegan.exporters.sources import Source
from keras_stylegan.inference.runtimes import MIN_SIDE, pad_to_stride, smallest_side
from keras_stylegan.inference.upscaler import SMALLEST


def translate_service(source: Source, folder: Path) -> Service:
    """The signatures of a translator.

    | signature | inputs | output |
    |---|---|---|
    | `translate`, `serving_default` | `image` uint8 (B, H, W, 3) | `translated` uint8 (B, H, W, 3) |
    | `encoded`, `encoded_png` | `image_bytes` string (B) | `translated_bytes` string (B) |

    B, H and W are of any size. `image_bytes` are JPEG or PNG files of any sizes, the answers JPEG or PNG.

    Args:
        source: a built float32 translator.
        folder: not used, as there are no names.
    """
    network, smallest = source.network, smallest_side(source.network)

    def translate(image):
        return pictures.through(functools.partial(network, training=False), image, network.stride, smallest)

    image = sample_pictures()
    expected = by_keras(network, image[0], network.stride, smallest)
    padded_to = max(network.stride, smallest)
    return picture_service(network, "translate", "translated", translate, image, expected, padded=padded_to)


def upscale_service(source: Source, folder: Path) -> Service:
    """The signatures of a network that enlarges pictures.

    | signature | inputs | output |
    |---|---|---|
    | `upscale`, `serving_default` | `image` uint8 (B, H, W, 3) | `upscaled` uint8 (B, factor H, factor W, 3) |
    | `encoded`, `encoded_png` | `image_bytes` string (B) | `upscaled_bytes` string (B) |

    As `translate_service`; the results count as the pixels of a request.

    Args:
        source: a built float32 `SuperResolutionNetwork`.
        folder: not used.
    """
    network = source.network

    def upscale(image):
        return pictures.through(functools.partial(network, training=False), image, 1, SMALLEST, network.factor)

    image = sample_pictures()
    most = MAX_PIXELS // network.factor**2
    expected = by_keras(network, image[0])
    return picture_service(network, "upscale", "upscaled", upscale, image, expected, most, SMALLEST)


def picture_service(
    network: keras.Model,
    name: str,
    output: str,
    change: Callable,
    image: np.ndarray,
    expected: np.ndarray,
    max_pixels: int = MAX_PIXELS,
    padded: int = MIN_SIDE,
) -> Service:
    """A service of one signature for pictures and of files.

    Args:
        network: holds the variables.
        name: name of the signature.
        output: name of its output.
        change: its graph, from uint8 `(batch, height, width, 3)` to uint8 pictures.
        image: uint8 pictures to warm up with.
        expected: what Keras makes of them.
        max_pixels, padded: as of `checked_images`.
    """
    change = tf.function(change, reduce_retracing=True, autograph=False)

    @tf.function(input_signature=[picture_spec()], autograph=False)
    def arrays(image):
        return {output: change(checked_images(image, max_pixels=max_pixels, padded=padded))}

    def change_file(content):
        return change(pictures.decode(content, max_pixels=max_pixels, padded=padded)[None])[0]

    def rules(files):
        return (checked_files(files),)

    by_file = encoded_signatures(change_file, [files_spec()], f"{output}_bytes", rules)
    request = {"image_bytes": sample_file(image[0])}
    return Service(
        holding(network.variables),
        {"serving_default": arrays, name: arrays, **by_file},
        {name: {"image": image}, "encoded": request, "encoded_png": request},
        {name: expected},
    )


def by_keras(network: Callable, image: np.ndarray, stride: int | None = None, min_side: int = MIN_SIDE) -> np.ndarray:
    """What a network makes of a picture without a graph of ours, uint8 `(1, height, width, 3)`.

    Args:
        network: float pictures in [-1, 1] to such.
        image: uint8 `(height, width, 3)`.
        stride: of a network from a size to the same, what it takes multiples of; None for no padding.
        min_side: the smallest height and width that it is given then.
    """
    place = ...
    if stride is not None:
        image, place = pad_to_stride(image, stride, min_side)
    made = network(image[None].astype("float32") / 127.5 - 1, training=False)
    return to_uint8(keras.ops.convert_to_numpy(made))[0][place][None]
