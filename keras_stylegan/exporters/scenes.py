"""From a scene network to one LiteRT file, and from a finished run of the pipeline to what the package ships of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from keras_stylegan import pretrained
from keras_stylegan.exporters.litert import convert
from keras_stylegan.exporters.package_files import (
    check_name,
    fingerprint,
    in_float32,
    read_run,
    training_facts,
    write_package,
)
from keras_stylegan.exporters.saved_model_images import to_float, to_uint8
from keras_stylegan.inference import read_picture
from keras_stylegan.inference.scenes import FILE, SIGNATURE, KerasScenes, LiteRTScenes, middle, open_scenes
from keras_stylegan.networks import SceneNetwork

KIND = "scene_pipeline"


def scene_function(network: SceneNetwork):
    """The boundary of a scene network: uint8 in, uint8 out.

    Args:
        network: built float32 `SceneNetwork`.

    Returns:
        `tf.function` of `image` uint8 `(1, *network.input_size, 3)`; returns `{"scene": uint8 (1, *network.size, 3)}`.
    """

    @tf.function(input_signature=[tf.TensorSpec([1, *network.input_size, 3], tf.uint8, name="image")])
    def scene(image):
        return {"scene": to_uint8(network(to_float(image)))}

    return scene


def to_litert(network: SceneNetwork, float16: bool = True) -> bytes:
    """A scene network as the bytes of a LiteRT file with the signature `scene` (`scene_function` says of what).

    Args:
        network: built `SceneNetwork` of any precision.
        float16: store the weights in half precision.
    """
    return convert(scene_function(in_float32(network)), SIGNATURE, float16)


def package_scenes(
    run: Path, assets: Path, name: str, data: str, licence: str, scores: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Writes `weights/NAME.{tflite,md}` of a run and its entry in the manifest; `scene --model NAME` runs it.

    Everything is made and measured before the first file is written.

    Args:
        run: run directory of the pipeline.
        assets: the package's assets folder.
        name: name of the packaged pipeline; `scene_pipeline` is the one that `keras-stylegan scene` takes by itself.
        data: what it was trained on, in a sentence.
        licence: licence and notices of the weights, in a sentence.
        scores: a row of the table that `benchmarks/scene_pipeline.py` records, by score.

    Returns:
        The manifest entry.

    Raises:
        ValueError: if `run` holds no scene network, or `name` is no plain name.
    """
    check_name(name)
    config = read_run(run, "a scene pipeline", FILE)
    network = in_float32(open_scenes(run).network)
    file, content = f"weights/{name}.tflite", to_litert(network)
    entry = {
        "kind": KIND,
        "litert": fingerprint(file, content),
        **_facts(network),
        **training_facts(run, config),
        "trained_styles": len(config["facts"]["styles"]),
        "phase": config["settings"]["phase"],
        "data": data,
        "parity": parity_figures(content, network),
        "licence": licence,
        **({"scores": scores} if scores else {}),
    }
    write_package(assets, name, entry, {file: content, f"weights/{name}.md": scene_card(name, entry).encode()})
    return entry


def parity_figures(content: bytes, network: SceneNetwork) -> dict[str, float]:
    """Mean and greatest difference of a LiteRT file and its network, in grey levels, on the packaged photographs."""
    ours, theirs, differences = LiteRTScenes(content), KerasScenes(network), []
    for file in pretrained.sample_photographs():
        image = np.asarray(middle(read_picture(file.read_bytes()), network.input_size).photo)
        differences.append(np.abs(ours.run(image).astype(int) - theirs.run(image)).ravel())
    together = np.concatenate(differences)
    return {
        "pictures": len(differences),
        "mean": round(float(together.mean()), 3),
        "greatest": int(together.max()),
    }


def scene_card(name: str, entry: dict[str, Any]) -> str:
    """The model card of a packaged scene pipeline, as Markdown.

    Args:
        name: name of the entry in `manifest.json`.
        entry: the entry.
    """
    (height, width), parity = entry["size"], entry["parity"]
    what = "encoder and generator together" if entry["phase"] == "joint" else "the encoder alone"
    losses = "\n".join(f"| {term} | {value:.4g} |" for term, value in entry["losses"].items())
    scores = "\n".join(f"| {score} | {value:.4g} |" for score, value in entry.get("scores", {}).items())
    table = f"\n## Scores\n\n| score | value |\n| --- | --- |\n{scores}\n" if scores else ""
    return f"""# Model card: {name}

Makes scenes of {width}x{height} pixels of photographs that the packaged multi-style network has painted.

- Network: `SceneNetwork`, an encoder into W+ with skip features and a StyleGAN2, {entry["parameters"]:,} parameters;
  LiteRT file {entry["litert"]["bytes"] / 1e6:.2f} MB. Trained: {what}, on {entry["trained_styles"]} styles.
- Recipe: `{entry["recipe"]}`
- Data: {entry["data"]}
- Images seen, by all runs of the recipe: {entry["images_seen"]:,} of {entry["images_scheduled"]:,}.
- Licence: {entry["licence"]}
- Limits: a scene has {width}x{height} pixels and no more, of the middle of a photograph; what it shows of a place is
  invented where the generator knows better.
- The LiteRT file, in half precision, differs from the trained network by {parity["mean"]} grey levels in the mean and
  {parity["greatest"]} at most, over {parity["pictures"]} photographs.

## Last losses

| term | value |
| --- | --- |
{losses}
{table}"""


def _facts(network):
    return {
        "input_size": list(network.input_size),
        "size": list(network.size),
        "parameters": network.count_params(),
    }
