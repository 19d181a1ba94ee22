"""From a translator to one LiteRT file for every picture size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_stylegan.exporters.litert import convert
from keras_stylegan.exporters.litert_transposed import transposed_at_corners
from keras_stylegan.exporters.model_card import translator_card
from keras_stylegan.exporters.package_files import (
    check_name,
    fingerprint,
    in_float32,
    read_run,
    training_facts,
    write_package,
)
from keras_stylegan.exporters.saved_model_images import to_float, to_uint8
from keras_stylegan.inference.runtimes import pad_to_stride
from keras_stylegan.inference.translator import SIGNATURE, KerasTranslator, LiteRTTranslator, open_translator

# Height and width of the pictures on which a LiteRT file is compared with Keras, before they are padded.
PARITY_SIZES = ((64, 96), (100, 61))


def translate_function(network: keras.Model):
    """The boundary of a translator: uint8 in, uint8 out.

    Args:
        network: built float32 translator.

    Returns:
        `tf.function` of `image` uint8 `(1, height, width, 3)`, multiples of `network.stride`; returns `{"translated":
        uint8 image}`.
    """

    @tf.function(input_signature=[tf.TensorSpec([1, None, None, 3], tf.uint8, name="image")])
    def translate(image):
        with transposed_at_corners(network):
            return {"translated": to_uint8(network(to_float(image), training=False))}

    return translate


def to_litert(network: keras.Model, float16: bool = True) -> bytes:
    """A translator as the bytes of a LiteRT file with the signature `translate` (`translate_function` says of what).

    Args:
        network: built translator of any precision.
        float16: store the weights in half precision.
    """
    return convert(translate_function(in_float32(network)), SIGNATURE, float16)


def package_translator(
    run: Path, assets: Path, name: str, purpose: str, data: str, licence: str, direction: str | None = None
) -> dict[str, Any]:
    """Writes `weights/NAME.{tflite,md}` of a run and its entry in the manifest; `translate --model NAME` runs it.

    Everything is made and measured before the first file is written.

    Args:
        run: run directory of a translator.
        assets: the package's assets folder.
        name: name of the packaged translator.
        purpose: what it does, in a sentence.
        data: what it was trained on, in a sentence.
        licence: licence and notices of the weights, in a sentence.
        direction: of a run that learnt both ways.

    Returns:
        The manifest entry.

    Raises:
        ValueError: if `run` holds no translator, or `name` is no plain name.
    """
    check_name(name)
    config = read_run(run, "a translator")
    network = in_float32(open_translator(run, direction).runtime.network)
    file, content = f"weights/{name}.tflite", to_litert(network)
    entry = {
        "kind": "translator",
        "purpose": purpose,
        "network": type(network).__name__,
        "litert": fingerprint(file, content),
        "stride": network.stride,
        "parameters": network.count_params(),
        **training_facts(run, config),
        "data": data,
        "parity": parity_figures(content, network),
        "licence": licence,
    }
    card = translator_card(name, entry).encode()
    write_package(assets, name, entry, {file: content, f"weights/{name}.md": card})
    return entry


def parity_figures(content: bytes, network: keras.Model) -> dict[str, float]:
    """Mean and greatest difference of a LiteRT file and its network, in grey levels, on noise of several sizes."""
    runtimes = LiteRTTranslator(content, network.stride), KerasTranslator(network)
    rng, differences = np.random.default_rng(0), []
    for size in PARITY_SIZES:
        image, _ = pad_to_stride(rng.integers(0, 256, (*size, 3), "uint8"), network.stride)
        one, other = (runtime.run(image).astype(int) for runtime in runtimes)
        differences.append(np.abs(one - other).ravel())
    together = np.concatenate(differences)
    return {"mean": round(float(together.mean()), 3), "greatest": int(together.max())}
