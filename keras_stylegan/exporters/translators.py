"""From a translator to one LiteRT file for every picture size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_stylegan.exporters.litert import convert, picture_function
from keras_stylegan.exporters.litert_transposed import transposed_at_corners
from keras_stylegan.exporters.model_card import translator_card
from keras_stylegan.exporters.package_files import (
    check_name,
    common_facts,
    fingerprint,
    grey_levels,
    in_float32,
    read_run,
    write_package,
)
from keras_stylegan.inference.runtimes import pad_to_stride
from keras_stylegan.inference.translator import SIGNATURE, KerasTranslator, LiteRTTranslator, open_translator

# Height and width of the pictures on which a LiteRT file is compared with Keras, before they are padded.
PARITY_SIZES = ((64, 96), (100, 61))


def translate_function(network: keras.Model):
    """The boundary of a built float32 translator: `litert.picture_function` for multiples of `network.stride`."""

    def translate(images):
        with transposed_at_corners(network):
            return network(images, training=False)

    return picture_function(translate, "translated")


def package_translator(
    run: Path, assets: Path, name: str, purpose: str, data: str, licence: str, direction: str | None = None
) -> dict[str, Any]:
    """Writes `weights/NAME.{tflite,md}` of a run and its entry in the manifest; `translate --model NAME` runs it.

    Args:
        run, assets, name, data, licence: as of `generators.package_generator`; the run of a translator.
        purpose: what it does, in a sentence.
        direction: of a run that learnt both ways.

    Returns:
        The manifest entry.

    Raises:
        ValueError: if `run` holds no translator, or `name` is no plain name.
    """
    check_name(name)
    config = read_run(run, "a translator")
    network = in_float32(open_translator(run, direction).runtime.network)
    file, content = f"weights/{name}.tflite", convert(translate_function(network), SIGNATURE, float16=True)
    entry = {
        "kind": "translator",
        "purpose": purpose,
        "network": type(network).__name__,
        "litert": fingerprint(file, content),
        "stride": network.stride,
        **common_facts(run, config, network, data, licence),
        "parity": parity_figures(content, network),
    }
    write_package(assets, name, entry, {file: content}, translator_card(name, entry))
    return entry


def parity_figures(content: bytes, network: keras.Model) -> dict[str, float]:
    """Mean and greatest difference of a LiteRT file and its network, in grey levels, on noise of several sizes."""
    runtimes, rng = (LiteRTTranslator(content, network.stride), KerasTranslator(network)), np.random.default_rng(0)
    noise = [rng.integers(0, 256, (*size, 3), "uint8") for size in PARITY_SIZES]
    images = [pad_to_stride(image, network.stride)[0] for image in noise]
    return grey_levels([runtime.run(image) for runtime in runtimes] for image in images)
