"""From a scene network to one LiteRT file, and from a finished run of the pipeline to what the package ships of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from keras_stylegan import pretrained
from keras_stylegan.exporters.litert import convert, picture_function
from keras_stylegan.exporters.model_card import scene_card
from keras_stylegan.exporters.package_files import (
    check_name,
    common_facts,
    fingerprint,
    grey_levels,
    in_float32,
    read_run,
    write_package,
)
from keras_stylegan.inference import read_picture
from keras_stylegan.inference.scenes import FILE, SIGNATURE, KerasScenes, LiteRTScenes, middle, open_scenes
from keras_stylegan.networks import SceneNetwork

KIND = "scene_pipeline"


def scene_function(network: SceneNetwork):
    """The boundary of a built float32 scene network: `litert.picture_function` for pictures of its `input_size`."""
    return picture_function(network, "scene", network.input_size)


def package_scenes(
    run: Path, assets: Path, name: str, data: str, licence: str, scores: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Writes `weights/NAME.{tflite,md}` of a run and its entry in the manifest; `scene --model NAME` runs it.

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
    file, content = f"weights/{name}.tflite", convert(scene_function(network), SIGNATURE, float16=True)
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
    return {"pictures": len(images), **grey_levels([runtime.run(image) for runtime in runtimes] for image in images)}
