"""Requests to a server of a stylisation network, to warm up with, and what Keras makes of them."""

from __future__ import annotations

import keras
import numpy as np

from keras_stylegan.exporters.saved_model_service import Request, sample_file, sample_pictures
from keras_stylegan.exporters.sources import Source
from keras_stylegan.inference.runtimes import KerasRuntime


def requests_of(network: keras.Model) -> dict[str, Request]:
    """One request for each signature: a packaged photograph in the first style."""
    strength = np.ones(1, np.float32)
    weights = np.eye(1, network.num_styles, dtype=np.float32)
    vector = keras.ops.convert_to_numpy(network.bank.style_vectors())[:1]
    by_weights = {"style_weights": weights, "strength": strength}
    image = sample_pictures()
    files = sample_file(image[0])
    # Its left half in the first style by name, the right one by its vector.
    masks = np.zeros((*image.shape[:3], 2), np.float32)
    half = image.shape[2] // 2
    masks[:, :, :half, 0] = masks[:, :, half:, 1] = 1
    in_regions = {
        "style_weights": np.stack([weights, 0 * weights], axis=1),
        "style_vectors": np.stack([0 * vector, vector], axis=1),
    }
    return {
        "stylize_weights": {"image": image, **by_weights},
        "stylize_vector": {"image": image, "style_vector": vector, **by_weights, "style_weights": 0 * weights},
        "stylize_regions": {"image": image, "masks": masks, **in_regions, "strength": strength},
        "encoded": {"image_bytes": files, **by_weights},
        "encoded_png": {"image_bytes": files, **by_weights},
        "style_names": {"index": np.arange(network.num_styles, dtype=np.int32)},
    }


def expected_of(source: Source, requests: dict[str, Request]) -> dict[str, np.ndarray]:
    """What Keras makes of the requests."""
    runtime = KerasRuntime(source.network, source.network.stride)
    image, weights, strength = (value[0] for value in requests["stylize_weights"].values())
    vector = requests["stylize_vector"]["style_vector"][0]
    regions = {name: value[0] for name, value in requests["stylize_regions"].items()}
    in_regions = runtime.run_regions(
        image, regions["masks"], regions["style_weights"], strength, regions["style_vectors"]
    )
    expected = {
        "stylize_weights": runtime.run(image, weights, strength)[None],
        "stylize_vector": runtime.run(image, 0 * weights, strength, vector)[None],
        "stylize_regions": in_regions[None],
    }
    if source.predictor is not None:
        vectors = source.predictor(image[None].astype("float32") / 127.5 - 1)
        expected["predict_style"] = keras.ops.convert_to_numpy(vectors)
    return expected
