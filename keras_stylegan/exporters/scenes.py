"""From a scene network to one LiteRT file, and from a finished run of the pipeline to what the package ships of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from keras_stylegan import pretrained
from keras_stylegan.exporters.litert import convert
from keras_stylegan.exporters.litert_size import slimmed
from keras_stylegan.exporters.litert_weights import int8_weights
from keras_stylegan.exporters.model_card import scene_card
from keras_stylegan.exporters.package_files import (
    check_name,
    common_facts,
    fingerprint,
    grey_levels,
    read_run,
    write_package,
)
from keras_stylegan.exporters.saved_model_images import to_float, to_uint8
from keras_stylegan.inference import read_picture
from keras_stylegan.inference.scenes import FILE, SIGNATURE, KerasScenes, LiteRTScenes, middle, open_scenes
from keras_stylegan.keras_files import in_float32
from keras_stylegan.networks import SceneNetwork

KIND = "scene_pipeline"
# Tensors of more numbers have 8 bits in the packaged file. Of six photographs scenes then differ from the network's by
# 45 to 52 dB without detail and by 59 to 64 with all of it; with 8 bits for all by 38 to 47 and 53 to 57. The file has
# 3.7 MB, in half precision alone 5.4.
FEW = 1 << 18


def scene_function(network: SceneNetwork):
    """The boundary of a built float32 scene network.

    Returns:
        `tf.function` of `image`, uint8 of `(1, *network.input_size, 3)`, and `detail`, float32 of shape `(1,)` from 0
        to 1; returns `{"scene": uint8 picture}`.
    """
    image = tf.TensorSpec([1, *network.input_size, 3], tf.uint8, name="image")
    detail = tf.TensorSpec([1], tf.float32, name="detail")

    @tf.function(input_signature=[image, detail], autograph=False)
    def scene(image, detail):
        return {"scene": to_uint8(network(to_float(image), detail=detail))}

    return scene


def scene_file(network: SceneNetwork) -> bytes:
    """The LiteRT file of a built float32 scene network as it is packaged."""
    return slimmed(int8_weights(convert(scene_function(network), SIGNATURE), FEW))


def package_scenes(
    run: Path, assets: Path, name: str, data: str, licence: str, scores: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Writes `weights/NAME.{tflite,md}` of a run and its entry in the manifest; `scene --model NAME` runs it.

    The largest tensors have 8 bits, all others half precision (`FEW`).

    Args:
        run, assets, data, licence: as of `generators.package_generator`; the run of the pipeline.
        name: name of the packaged pipeline; `scene_pipeline` is the one that `keras-stylegan scene` takes by itself.
        scores: a row of the table that `benchmarks/scene_pipeline.py` records, by score.

    Returns:
        The manifest entry.

    Raises:
        ValueError: if `run` holds no scene network, or `name` is no plain name.
    """
    check_name(name)
    config = read_run(run, "a scene pipeline", FILE)
    network = in_float32(open_scenes(run).network)
    file, content = f"weights/{name}.tflite", scene_file(network)
    entry = {
        "kind": KIND,
        "litert": fingerprint(file, content),
        "input_size": list(network.input_size),
        "size": list(network.size),
        "trained_styles": len(config["facts"]["styles"]),
        "phase": config["settings"]["phase"],
        **common_facts(run, config, network, data, licence, scores),
        "parity": parity_figures(content, network),
    }
    write_package(assets, name, entry, {file: content}, scene_card(name, entry))
    return entry


def parity_figures(content: bytes, network: SceneNetwork) -> dict[str, float]:
    """Mean and greatest difference of a LiteRT file and its network, in grey levels, on the packaged photographs."""
    runtimes, photographs = (LiteRTScenes(content), KerasScenes(network)), pretrained.sample_photographs()
    images = [np.asarray(middle(read_picture(file.read_bytes()), network.input_size).photo) for file in photographs]
    calls = [(image, detail) for image in images for detail in (0.0, 1.0)]
    return {"pictures": len(calls), **grey_levels([runtime.run(*call) for runtime in runtimes] for call in calls)}
