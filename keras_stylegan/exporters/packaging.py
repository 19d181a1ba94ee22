"""From a finished multi-style run to what the package ships: LiteRT file, Keras weights, manifest entry, model card."""

from __future__ import annotations

import hashlib
import io
import json
import os
from pathlib import Path
from typing import Any

import keras
import numpy as np
from PIL import Image

from keras_stylegan.exporters.litert import convert, stylize_function
from keras_stylegan.inference import LiteRTRuntime, Stylizer
from keras_stylegan.metrics import blob_outliers, border_ratio, checkerboard_energy
from keras_stylegan.networks import StyleTransformer

# The short side of a photograph at which the network paints it, unless it is smaller.
WORKING_SIZE = 512
ARCHITECTURE = ("widths", "num_blocks", "normalization", "num_waves")
LOSSES = ("content", "style_gram", "variation", "photograph")


def package_multistyle(
    run: Path, assets: Path, styles: list[dict[str, str]], command: str, data: str, licence: str, photographs: Path
) -> dict[str, Any]:
    """Writes the packaged files of a run and its entry in `assets/manifest.json`.

    Args:
        run: run directory of a multistyle preset.
        assets: the package's assets folder.
        styles: objects with `name`, `title`, `artist`; one for each style of the run.
        command: the command that made the run.
        data: what it was trained on, in a sentence.
        licence: licence and notices of the weights, in a sentence.
        photographs: folder of photographs not trained on, for the artefact probes.

    Returns:
        The manifest entry.

    Raises:
        ValueError: if a style of the run has no object in `styles`.
    """
    config = json.loads((run / "config.json").read_text())
    names = config["facts"]["styles"]
    known = {style["name"]: style for style in styles}
    missing = sorted(set(names) - set(known))
    if missing:
        raise ValueError(f"`styles` must describe every style of the run. Missing: {', '.join(missing)}")
    network = in_float32(keras.models.load_model(run / "network.keras", compile=False))
    litert = convert(stylize_function(network), "stylize_weights", float16=True)
    arrays = io.BytesIO()
    np.savez_compressed(arrays, **{weight.path: np.asarray(weight.value, "float16") for weight in network.weights})
    architecture = {key: network.get_config()[key] for key in ARCHITECTURE}
    last = json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])
    entry = {
        "litert": _write(assets, "weights/multistyle.tflite", litert),
        "keras": {**_write(assets, "weights/multistyle.npz", arrays.getvalue()), "config": architecture},
        "stride": StyleTransformer.stride,
        "working_size": WORKING_SIZE,
        "parameters": int(sum(np.prod(weight.shape) for weight in network.weights)),
        "styles": [known[name] for name in names],
        "recipe": command,
        "data": data,
        "images_seen": last["images"],
        "losses": {term: round(last[f"generator/{term}"], 4) for term in LOSSES},
        "artefacts": artefact_figures(Stylizer(LiteRTRuntime(litert, StyleTransformer.stride), names), photographs),
        "licence": licence,
    }
    _add_to_manifest(assets / "manifest.json", "multistyle", entry)
    (assets / "weights" / "multistyle.md").write_text(model_card(entry), encoding="utf-8")
    return entry


def in_float32(network: StyleTransformer) -> StyleTransformer:
    """The same weights under the float32 policy: a network trained in mixed precision is served in full."""
    config = {key: value for key, value in network.get_config().items() if key not in ("dtype", "name", "trainable")}
    copy = StyleTransformer(**config)
    copy.build()
    copy.set_weights(network.get_weights())
    return copy


def artefact_figures(stylizer: Stylizer, photographs: Path) -> dict[str, float]:
    """The probes of `metrics.artefacts` over every style and photograph, at a short side of 256 pixels."""
    checkerboards, borders, blobs = [], [], []
    for file in sorted(path for path in photographs.iterdir() if path.suffix.lower() in (".jpg", ".jpeg", ".png")):
        photograph = Image.open(file).convert("RGB")
        factor = 256 / min(photograph.size)
        photograph = photograph.resize([round(side * factor) for side in photograph.size], Image.Resampling.LANCZOS)
        pixels = np.asarray(photograph)
        for style in stylizer.styles:
            painted = np.asarray(stylizer.stylize(photograph, style))
            checkerboards.append(checkerboard_energy(painted))
            borders.append(border_ratio(painted, pixels))
            blobs.append(blob_outliers(painted, pixels))
    return {
        "pictures": len(blobs),
        "checkerboard_energy_median": round(float(np.median(checkerboards)), 3),
        "checkerboard_energy_worst": round(float(np.max(checkerboards)), 3),
        "border_ratio_median": round(float(np.median(borders)), 3),
        "blobs_per_picture": round(float(np.mean(blobs)), 3),
    }


def model_card(entry: dict[str, Any]) -> str:
    """The model card of an entry, Markdown."""
    losses = "\n".join(f"| {name} | {value:.4g} |" for name, value in entry["losses"].items())
    artefacts = "\n".join(f"| {name.replace('_', ' ')} | {value} |" for name, value in entry["artefacts"].items())
    styles = "\n".join(f"| `{s['name']}` | {s['artist']} | {s['title']} |" for s in entry["styles"])
    size = entry["litert"]["bytes"] / 1e6
    return f"""# Model card: multistyle

Paints a photograph in any of {len(entry["styles"])} styles, in a mixture of them, at any strength and size.

- Network: `StyleTransformer`, {entry["parameters"]:,} parameters, bank included; LiteRT file {size:.2f} MB.
- Recipe: `{entry["recipe"]}`
- Data: {entry["data"]}
- Images seen: {entry["images_seen"]:,}.
- Licence: {entry["licence"]}
- Limits: strokes are those of paintings at a short side of {entry["working_size"]} pixels and finer when a picture is
  larger; faces are painted, not recognised: likeness is not preserved. The bank holds learned numbers, no painting.

## Last losses

| term | value |
|---|---|
{losses}

## Artefact probes

Every style on photographs that were not trained on, short side 256 (`keras_stylegan.metrics`; checkerboard energy and
border ratio read 1 on a clean picture).

| probe | value |
|---|---|
{artefacts}

## Styles

| name | artist | work |
|---|---|---|
{styles}
"""


def _write(assets: Path, file: str, content: bytes) -> dict[str, Any]:
    path = assets / file
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(content)
    os.replace(partial, path)
    return {"file": file, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _add_to_manifest(path: Path, name: str, entry: dict[str, Any]) -> None:
    manifest = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    text = json.dumps({**manifest, name: entry}, indent=2, ensure_ascii=False, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")
