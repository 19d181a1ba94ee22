"""From a finished multi-style run to what the package ships: LiteRT file, Keras weights, manifest entry, model card."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from keras_stylegan import pretrained
from keras_stylegan.exporters.litert import convert_signatures, stylize_functions
from keras_stylegan.exporters.litert_size import slimmed
from keras_stylegan.exporters.model_card import model_card
from keras_stylegan.exporters.package_files import (
    architecture,
    common_facts,
    fingerprint,
    grey_levels,
    half_precision,
    read_run,
    write_package,
)
from keras_stylegan.inference import KerasRuntime, LiteRTRuntime, Stylizer, open_keras
from keras_stylegan.keras_files import in_float32, load_network
from keras_stylegan.metrics import blob_outliers, border_ratio, checkerboard_energy, light_correlation
from keras_stylegan.networks import StyleTransformer

# The short side of a photograph at which the network paints it, unless it is smaller.
WORKING_SIZE = 512
# The short side of the photographs that the probes look at.
PROBE_SIZE = 256
# Mean difference of LiteRT file and Keras weights, in grey levels; half precision alone makes 0.02.
MAX_DIFFERENCE = 0.5
ARCHITECTURE = ("widths", "num_blocks", "normalization", "num_waves", "bank_lr_multiplier")


def package_multistyle(
    run: Path, assets: Path, styles: list[dict[str, str]], data: str, licence: str, photographs: Path
) -> dict[str, Any]:
    """Writes `weights/multistyle.{tflite,npz,md}` of a run and its entry in the manifest.

    Args:
        run, assets, data, licence: as of `generators.package_generator`; the run of a multistyle preset.
        styles: objects with `name`, `title`, `artist`; one for each style of the run. `strength`, 1 where it is not
            given, is the share of what was learnt that is to be the style's full strength.
        photographs: folder of photographs not trained on, for the artefact probes.

    Returns:
        The manifest entry. A style predictor that is packaged stays if the vectors of the bank were all that changed;
        otherwise its files are removed, as they are for other weights (`train style_predictor` makes it anew).

    Raises:
        ValueError: if a style of the run has no object in `styles`, `photographs` holds no picture, the run's network
            is none that this package serves or has weights that are not finite, or the runtimes disagree.
    """
    config = read_run(run, "a stylisation network", "network.keras")
    names = config["facts"]["styles"]
    known = {style["name"]: style for style in styles}
    missing = sorted(set(names) - set(known))
    if missing:
        raise ValueError(f"`styles` must describe every style of the run. Missing: {', '.join(missing)}")
    pictures = probe_photographs(photographs)
    trained = load_network(run / "network.keras")
    if not isinstance(trained, StyleTransformer):
        raise ValueError(f"`run` must hold a StyleTransformer. Received: {type(trained).__name__} in {run}")
    network = in_float32(trained)
    network.bank.temper([known[name].get("strength", 1.0) for name in names])
    arrays, packed = half_precision(network)
    files = {
        "weights/multistyle.tflite": slimmed(convert_signatures(stylize_functions(network), float16=True)),
        "weights/multistyle.npz": packed,
    }
    litert, weights = (fingerprint(file, content) for file, content in files.items())
    served = LiteRTRuntime(files[litert["file"]], network.stride)
    shipped = KerasRuntime.from_weights(network.get_config(), arrays, network.stride)
    parity = parity_figures((served, shipped), len(names), pictures)
    if not parity["mean"] <= MAX_DIFFERENCE:
        raise ValueError(f"both runtimes must agree to {MAX_DIFFERENCE} grey levels on average. Received: {parity}")
    entry = {
        "litert": litert,
        "keras": {**weights, "config": architecture(network, ARCHITECTURE)},
        "style_space": pretrained.style_space(arrays),
        "vector_size": network.vector_size,
        "stride": network.stride,
        "working_size": WORKING_SIZE,
        "styles": [known[name] for name in names],
        **common_facts(run, config, network, data, licence),
        "artefacts": artefact_figures(Stylizer(served, names), pictures),
        "parity": parity,
    }
    left_over = _settle_predictor(assets, entry)
    write_package(assets, "multistyle", entry, files, model_card(entry))
    for file in left_over:
        (assets / file).unlink(missing_ok=True)
    return entry


def _settle_predictor(assets, entry):
    """Takes the packaged predictor over into a new entry of its network; or returns its files, which are to go."""
    manifest = assets / "manifest.json"
    earlier = json.loads(manifest.read_text(encoding="utf-8")).get("multistyle", {}) if manifest.exists() else {}
    predictor = earlier.get("predictor")
    if predictor is None:
        return []
    if earlier.get("style_space") == entry["style_space"]:
        entry["predictor"] = predictor
        return []
    return [record["file"] for record in (predictor, predictor["keras"])]


def convert_again(assets: Path) -> dict[str, Any]:
    """Writes the LiteRT file of the packaged network and its model card anew, from its packaged Keras weights.

    For when the graph or its signatures changed and the weights did not.

    Args:
        assets: the package's assets folder.

    Returns:
        The manifest entry, with the new file's size and checksum, and `style_space`.
    """
    entry = pretrained.network_entry("multistyle")
    with np.load(assets / entry["keras"]["file"], allow_pickle=False) as weights:
        entry["style_space"] = pretrained.style_space(dict(weights))
    content = slimmed(convert_signatures(stylize_functions(open_keras(entry).network), float16=True))
    entry["litert"] = fingerprint(entry["litert"]["file"], content)
    write_package(assets, "multistyle", entry, {entry["litert"]["file"]: content}, model_card(entry))
    return entry


def probe_photographs(folder: Path) -> list[Image.Image]:
    """The photographs of a folder, reduced to a short side of `PROBE_SIZE` pixels.

    Raises:
        ValueError: if there are none.
    """
    files = sorted(path for path in folder.glob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    if not files:
        raise ValueError(f"`photographs` must be a folder of JPEG or PNG files. Received: {folder}")
    pictures = []
    for file in files:
        picture = Image.open(file).convert("RGB")
        factor = PROBE_SIZE / min(picture.size)
        pictures.append(picture.resize([round(side * factor) for side in picture.size], Image.Resampling.LANCZOS))
    return pictures


def artefact_figures(stylizer: Stylizer, photographs: list[Image.Image]) -> dict[str, float]:
    """The probes of `metrics.artefacts` and `metrics.light` over every style on every photograph."""
    checkerboards, borders, blobs, lights = [], [], [], []
    for photograph in photographs:
        pixels = np.asarray(photograph)
        for style in stylizer.styles:
            painted = np.asarray(stylizer.stylize(photograph, style))
            checkerboards.append(checkerboard_energy(painted))
            borders.append(border_ratio(painted, pixels))
            blobs.append(blob_outliers(painted, pixels))
            lights.append(light_correlation(painted, pixels))
    return {
        "pictures": len(blobs),
        "checkerboard_energy_median": round(float(np.median(checkerboards)), 3),
        "checkerboard_energy_worst": round(float(np.max(checkerboards)), 3),
        "border_ratio_median": round(float(np.median(borders)), 3),
        "blobs_per_picture": round(float(np.mean(blobs)), 3),
        "light_correlation_median": round(float(np.median(lights)), 3),
        "light_correlation_worst": round(float(np.min(lights)), 3),
    }


def parity_figures(
    runtimes: tuple[LiteRTRuntime, KerasRuntime], num_styles: int, photographs: list[Image.Image]
) -> dict[str, float]:
    """Mean and greatest difference of two runtimes, in grey levels, over a mixture of the first and the last style."""
    weights = (np.eye(num_styles)[0] + np.eye(num_styles)[-1]) / 2
    images = map(np.asarray, photographs)
    return grey_levels([runtime.run(image, weights, 1.0) for runtime in runtimes] for image in images)
