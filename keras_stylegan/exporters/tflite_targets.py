"""Networks as what a device runs: a traced function, notes on its tensors, inputs to measure and to calibrate with."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image, ImageOps

from keras_stylegan import pretrained
from keras_stylegan.exporters.generators import generate_function
from keras_stylegan.exporters.litert import stylize_function
from keras_stylegan.exporters.litert_metadata import TensorNote
from keras_stylegan.exporters.sources import Source
from keras_stylegan.formats import READABLE_SUFFIXES
from keras_stylegan.inference import read_picture
from keras_stylegan.inference.generator import truncates
from keras_stylegan.latents import seeded_latents

# Of a file for every size: the size before it is resized, and a second one that it is measured at.
DEFAULT_SIZE, OTHER_SIZE = (256, 256), (192, 264)
SMALLEST = 64
# Runs that ranges for 8 bits are taken from: enough for every style of forty, in pairs, on a few photographs.
CALIBRATION_RUNS = 24
MEASURED_RUNS = 4
Inputs = dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Target:
    """A network for a device.

    Attributes:
        description: what it does, in a sentence.
        signature: name of its signature.
        function: `tf.function` of named inputs, to a dict with one uint8 output.
        size: `(height, width)` of its pictures, or what a file for every size has by default.
        any_size: whether it takes others.
        notes: what the file says of its tensors, by their names.
        measured: inputs to compare with Keras.
        calibration: inputs whose ranges 8 bits are to hold; none of those in `measured`.
        expected: what Keras makes of inputs, float array in [-1, 1].
    """

    description: str
    signature: str
    function: Callable
    size: tuple[int, int]
    any_size: bool
    notes: Mapping[str, TensorNote]
    measured: Sequence[Inputs]
    calibration: Sequence[Inputs]
    expected: Callable[[Inputs], np.ndarray]


def stylizer_target(opened: Source, size: tuple[int, int] | None, representative: str | Path | None) -> Target:
    """A stylisation network.

    Args:
        opened: a source of kind `"stylizer"`.
        size: `(height, width)` of the pictures; None for a file that takes every size.
        representative: folder of photographs to calibrate with; None for some of the packaged samples.

    Raises:
        ValueError: if the size is none that the network paints, or the folder holds no picture.
    """
    network = opened.network
    if size is not None and (min(size) < SMALLEST or any(side % network.stride for side in size)):
        raise ValueError(
            f"`size` must be HEIGHTxWIDTH, multiples of {network.stride} from {SMALLEST}. Received: {size[0]}x{size[1]}"
        )
    samples = [read_picture(file.read_bytes()).photo for file in pretrained.sample_photographs()]
    half = len(samples) // 2
    photographs = samples[:half] if representative is None else _photographs(Path(representative))
    sizes = [DEFAULT_SIZE, OTHER_SIZE] if size is None else [size]
    usual = sizes[0]
    styles = np.random.default_rng(0).permutation(network.num_styles)
    measured = [
        _painting(samples[half + run % (len(samples) - half)], sizes[run % len(sizes)], styles[-1 - run :: 7], network)
        for run in range(MEASURED_RUNS)
    ]
    calibration = [
        _painting(photographs[run % len(photographs)], usual, styles[2 * run % len(styles) :][:2], network)
        for run in range(CALIBRATION_RUNS)
    ]

    def expected(inputs):
        images = tf.cast(inputs["image"], tf.float32) / 127.5 - 1.0
        styled = {"style_weights": inputs["style_weights"], "strength": inputs["strength"]}
        return network({"images": images, **styled}, training=False).numpy()

    notes = {
        "image": TensorNote("photograph, RGB", 0, 255, channels=3),
        "style_weights": TensorNote("share of each style; they sum to 1", 0, 1, labels=opened.names),
        "strength": TensorNote("from the photograph (0) to the painting (1)", 0, 1),
        "stylized": TensorNote("painted photograph, RGB, of the size of the photograph", 0, 255, channels=3),
    }
    return Target(
        description=f"Paints photographs in {len(opened.names)} styles, in mixtures of them, at any strength.",
        signature="stylize_weights",
        function=_resized(stylize_function(network), size),
        size=usual,
        any_size=size is None,
        notes=notes,
        measured=measured,
        calibration=calibration,
        expected=expected,
    )


def generator_target(opened: Source, size: tuple[int, int] | None, representative: str | Path | None) -> Target:
    """A generator of pictures from noise.

    Args:
        opened: a source of kind `"generator"`.
        size: its own size or None.
        representative: None, as its inputs are noise.

    Raises:
        ValueError: for another size, or with `representative`.
    """
    network = opened.network
    if size not in (None, tuple(network.size)):
        own = "x".join(map(str, network.size))
        raise ValueError(f"`size` must be that of the generator, {own}. Received: {size[0]}x{size[1]}")
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
        "pictures": TensorNote("generated picture", 0, 255, channels=1 if network.channels == 1 else 3),
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
    )


TARGETS = {"stylizer": stylizer_target, "generator": generator_target}


def _photographs(folder: Path) -> list[Image.Image]:
    files = sorted(file for file in folder.glob("*") if file.suffix.lower() in READABLE_SUFFIXES)
    if not files:
        raise ValueError(f"`representative` must be a folder of pictures. Received: {folder}")
    return [read_picture(file).photo for file in files[:CALIBRATION_RUNS]]


def _painting(photograph, size, styles, network) -> Inputs:
    """Inputs that paint the middle of a photograph in equal shares of styles."""
    pixels = np.asarray(ImageOps.fit(photograph, size[::-1], Image.Resampling.LANCZOS))
    weights = np.zeros((1, network.num_styles), np.float32)
    weights[0, styles] = 1 / len(styles)
    return {"image": pixels[None], "style_weights": weights, "strength": np.ones(1, np.float32)}


def _resized(function, size):
    """A traced function for pictures of one size, where it takes all.

    Its graph is that for every size, and the converter finds the sizes inside: a graph traced for one size pads by
    MIRROR_PAD, which XNNPACK does not take (`ops.padding`).
    """
    if size is None:
        return function
    specs = [
        tf.TensorSpec([1, *size, *spec.shape[3:]] if spec.shape.rank == 4 else spec.shape, spec.dtype, spec.name)
        for spec in function.input_signature
    ]
    return tf.function(lambda *inputs: function(*inputs), input_signature=specs)
