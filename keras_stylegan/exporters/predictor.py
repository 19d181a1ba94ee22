"""From a finished run of the style predictor to the LiteRT file that the package ships."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_stylegan import pretrained
from keras_stylegan.exporters.litert import convert
from keras_stylegan.exporters.model_card import model_card
from keras_stylegan.exporters.package_files import (
    architecture,
    fingerprint,
    half_precision,
    read_run,
    training_facts,
    write_package,
)
from keras_stylegan.exporters.saved_model_images import to_float
from keras_stylegan.inference.style_pictures import LiteRTPredictor, prepare_style_picture
from keras_stylegan.keras_files import load_network
from keras_stylegan.networks import StylePredictor
from keras_stylegan.systems.style_predictor import PREDICTOR_FILE

SIGNATURE = "predict_style"
FILE, KERAS_FILE = "weights/style_predictor.tflite", "weights/style_predictor.npz"
# Bytes of the stylisation network's LiteRT file and the predictor's together.
MAX_BYTES = 4 * 10**6
# Of LiteRT file and Keras weights, in units of the styles' spread; half precision alone makes 0.007.
MAX_DIFFERENCE = 0.05


def predict_function(predictor: StylePredictor):
    """The boundary of a predictor.

    Returns:
        `tf.function` of `picture` uint8 `(1, height, width, 3)`, at least 16 pixels on each side; returns
        `{"style_vector": float32 (1, vector_size)}`.
    """

    @tf.function(input_signature=[tf.TensorSpec([1, None, None, 3], tf.uint8, name="picture")], autograph=False)
    def predict(picture):
        return {"style_vector": predictor(to_float(picture), training=False)}

    return predict


def package_predictor(run: Path, assets: Path, data: str, licence: str) -> dict[str, Any]:
    """Writes `weights/style_predictor.{tflite,npz}` of a run, and `predictor` in the manifest entry of its network.

    Args:
        run, assets, data, licence: as of `generators.package_generator`; the run of a style_predictor preset.

    Returns:
        What the manifest says of it.

    Raises:
        ValueError: if `run` holds no predictor, or one whose weights are not finite, it is for another network than the
            packaged one, the files become too large, or the runtimes disagree.
    """
    config = read_run(run, "a style predictor", PREDICTOR_FILE, "style_predictor")
    entry = pretrained.network_entry("multistyle")
    space = config["facts"]["network"]["style_space"]
    if space != entry.get("style_space"):
        raise ValueError(f"`run` must be for the packaged network, {entry.get('style_space')}. Received: {space}")
    predictor = load_network(run / PREDICTOR_FILE)
    weights = half_precision(predictor)[1]
    content = convert(predict_function(predictor), SIGNATURE, float16=True)
    together = len(content) + entry["litert"]["bytes"]
    if together > MAX_BYTES:
        raise ValueError(f"network and predictor must have at most {MAX_BYTES:,} bytes. Received: {together:,}")
    parity = _parity(predictor, content)
    if not parity <= MAX_DIFFERENCE:
        raise ValueError(f"both runtimes must agree to {MAX_DIFFERENCE} spreads. Received: a difference of {parity}")
    entry["predictor"] = {
        **fingerprint(FILE, content),
        "keras": {**fingerprint(KERAS_FILE, weights), "config": architecture(predictor)},
        **training_facts(run, config, "predictor"),
        "paintings": config["facts"]["paintings"],  # no test of what it does with others may use them
        "parameters": predictor.count_params(),
        "parity": parity,
        "data": data,
        "licence": licence,
    }
    write_package(assets, "multistyle", entry, {FILE: content, KERAS_FILE: weights}, model_card(entry))
    return entry["predictor"]


def _parity(predictor, content) -> float:
    """Greatest difference of both runtimes on a packaged photograph, in units of the styles' spread."""
    sample = pretrained.sample_photographs()[0].read_bytes()
    runtime = LiteRTPredictor(content)
    picture = prepare_style_picture(sample)
    ours = keras.ops.convert_to_numpy(predictor(picture[None].astype("float32") / 127.5 - 1))[0]
    spread = keras.ops.convert_to_numpy(predictor.spread)
    return round(float(np.abs((runtime.run(picture) - ours) / spread).max()), 4)
