"""Networks as what a device runs: stylisation, pictures from noise; and where the others are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf

from keras_stylegan.exporters.generators import generate_function
from keras_stylegan.exporters.litert import stylize_functions
from keras_stylegan.exporters.litert_metadata import TensorNote
from keras_stylegan.exporters.saved_model_images import to_float
from keras_stylegan.exporters.sources import Source
from keras_stylegan.exporters.tflite_domain_target import domains_target
from keras_stylegan.exporters.tflite_photographed import Photographed, of_photographs
from keras_stylegan.exporters.tflite_picture_targets import (
    fusion_target,
    predictor_target,
    scene_target,
    translator_target,
    upscaler_target,
)
from keras_stylegan.exporters.tflite_target import CALIBRATION_RUNS, MEASURED_RUNS, Inputs, Target, check_own_size
from keras_stylegan.inference.generator import truncates
from keras_stylegan.inference.runtimes import MIN_SIDE
from keras_stylegan.latents import seeded_latents


@of_photographs
def stylizer_target(opened: Source) -> Photographed:
    """A stylisation network; a file for every size has a signature for regions too."""
    network = opened.network
    order = np.random.default_rng(0).permutation(network.num_styles)
    functions = stylize_functions(network)

    def inputs(picture, run):
        pair = 2 * (run - MEASURED_RUNS) % len(order)
        return _painting(picture, order[-1 - run :: 7] if run < MEASURED_RUNS else order[pair:][:2], network)

    def expected(given):
        styled = {{"style_vector": "style_vectors"}.get(name, name): value for name, value in given.items()}
        return network({**styled, "images": to_float(given["image"])}, training=False).numpy()

    def more(target):
        vector = network.bank.style_vectors()[order[0]].numpy()
        changes = {"stylize_vector": _with_vector}
        if target.any_size:  # a fixed size is for processors that take no unknown shape, such as the number of regions
            changes["stylize_regions"] = _in_regions
        return {name: (functions[name], [of(one, vector) for one in target.measured]) for name, of in changes.items()}

    return Photographed(
        function=functions["stylize_weights"],
        inputs=inputs,
        expected=expected,
        more=more,
        stride=network.stride,
        smallest=MIN_SIDE,
        description=f"Paints photographs in {len(opened.names)} styles, in mixtures of them, at any strength.",
        signature="stylize_weights",
        notes={
            "image": TensorNote.picture("photograph, RGB"),
            "style_weights": TensorNote("share of each style; they sum to 1", 0, 1, labels=opened.names),
            "style_vector": TensorNote("what own styles add: their vectors times their shares", -5, 5),
            "style_vectors": TensorNote("what own styles add to the mixture of each region", -5, 5),
            "masks": TensorNote("share of each region at each pixel; what they leave stays as it is", 0, 1),
            "strength": TensorNote("from the photograph (0) to the painting (1)", 0, 1),
            "stylized": TensorNote.picture("painted photograph, RGB, of the size of the photograph"),
        },
    )


def generator_target(opened: Source, size: tuple[int, int] | None, representative: str | Path | None) -> Target:
    """A generator of pictures from noise, of its own size; `representative` must be None."""
    network = opened.network
    check_own_size(size, network.size, "the generator")
    if representative is not None:
        raise ValueError(f"`representative` must be None: a generator takes no pictures. Received: {representative}")

    def inputs(seed):
        given = {"latents": seeded_latents([seed], network.latent_dim)}
        if network.num_classes:
            given["labels"] = np.eye(network.num_classes, dtype="float32")[[seed % network.num_classes]]
        if truncates(network):
            given["truncation"] = np.float32([(0.5, 0.7, 1.0)[seed % 3]])
        return given

    notes = {
        "latents": TensorNote("noise from the standard normal distribution", -5, 5),
        "labels": TensorNote("1 at the class, 0 elsewhere", 0, 1, labels=opened.names),
        "truncation": TensorNote("psi, from the mean picture (0) to all variety (1)", 0, 2),
        "pictures": TensorNote.picture("generated picture", channels=1 if network.channels == 1 else 3),
    }
    used = {*inputs(0), "pictures"}
    return Target(
        description=f"Generates pictures of {network.size[1]}x{network.size[0]} pixels from noise.",
        signature="generate",
        function=generate_function(network),
        size=tuple(network.size),
        any_size=False,
        notes={name: note for name, note in notes.items() if name in used},
        measured=[inputs(seed) for seed in range(MEASURED_RUNS)],
        calibration=[inputs(MEASURED_RUNS + run) for run in range(CALIBRATION_RUNS)],
        expected=lambda given: tf.convert_to_tensor(network(**given)).numpy(),
        facts={"classes": list(opened.names), "latent_dim": network.latent_dim, "size": list(network.size)},
    )


# By the kind of the source; `tflite_photographed.of_photographs` says what each takes.
TARGETS = {
    "stylizer": stylizer_target,
    "generator": generator_target,
    "translator": translator_target,
    "upscaler": upscaler_target,
    "fusion": fusion_target,
    "scene": scene_target,
    "domains": domains_target,
    "predictor": predictor_target,
}


def _painting(picture: np.ndarray, styles: np.ndarray, network) -> Inputs:
    """Inputs that paint a photograph in equal shares of styles."""
    weights = np.zeros((1, network.num_styles), np.float32)
    weights[0, styles] = 1 / len(styles)
    return {"image": picture, "style_weights": weights, "strength": np.ones(1, np.float32)}


def _with_vector(inputs: Inputs, vector: np.ndarray) -> Inputs:
    """The same in half of those styles, and half of one by its vector."""
    return {**inputs, "style_weights": 0.5 * inputs["style_weights"], "style_vector": 0.5 * vector[None]}


def _in_regions(inputs: Inputs, vector: np.ndarray) -> Inputs:
    """The same on the left, a style by its vector in the middle, and the photograph on the right."""
    _, height, width, _ = inputs["image"].shape
    masks = np.zeros((1, height, width, 2), np.float32)
    masks[:, :, : width // 2, 0] = masks[:, :, width // 2 : 3 * width // 4, 1] = 1
    weights = inputs["style_weights"]
    return {
        **inputs,
        "masks": masks,
        "style_weights": np.stack([weights, 0 * weights], axis=1),
        "style_vectors": np.stack([0 * vector, vector])[None],
    }
