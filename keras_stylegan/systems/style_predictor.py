"""From a preset to a predictor of style vectors for a trained multi-style network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_stylegan import data, pretrained
from keras_stylegan.keras_files import load_network
from keras_stylegan.models.style_prediction import StylePrediction
from keras_stylegan.networks import StylePredictor, StyleTransformer, build_perceptual
from keras_stylegan.presets import StylePredictorPreset
from keras_stylegan.systems.base import System, average, begun_with, cosine, jit_compile, save_whole, take
from keras_stylegan.systems.checks import check_run
from keras_stylegan.systems.multistyle import NETWORK_FILE

PREDICTOR_FILE = "predictor.keras"
# What `start_from` calls the predictor that comes with the package.
PACKAGED = "style_predictor"
PREVIEW_PHOTOGRAPHS = 2
PREVIEW_PICTURES = 6


def build_style_predictor(preset: StylePredictorPreset) -> System:
    """A predictor for the packaged network, or for the network of a run."""
    if preset.crop_size % StyleTransformer.stride:
        raise ValueError(
            f"`crop_size` must be a multiple of {StyleTransformer.stride}. Received: crop_size={preset.crop_size}"
        )
    photographs = data.open_images(preset.content, preset.content_short_side, preset.cache_megabytes * 2**20)
    names, pictures = data.open_styles(preset.styles, preset.style_short_side)
    network, styles, space = open_transformer(preset.painter)
    numbers = [styles.index(name) if name in styles else None for name in names]

    sizes = {"vector_size": network.vector_size, "num_projections": preset.num_projections, "hidden": preset.hidden}
    if preset.start_from:
        predictor, facts = start_from(Path(preset.start_from), sizes)
    else:
        trunk, facts = build_perceptual("compact"), {}
        predictor = StylePredictor(perceptual_widths=trunk.widths, **sizes)
        predictor.build()
        predictor.perceptual.set_weights(trunk.get_weights())
        predictor.calibrate(pictures, keras.ops.convert_to_numpy(network.bank.style_vectors()))
    num_painted = round(preset.painted_share * preset.batch_size)
    model = StylePrediction(
        predictor,
        network,
        build_perceptual(preset.perceptual, dtype=None),
        style_weight=preset.style_weight,
        content_weight=preset.content_weight,
        variation_weight=preset.variation_weight,
        distillation_weight=preset.distillation_weight,
        prior_weight=preset.prior_weight,
        light_weight=preset.light_weight,
        content_method=preset.content_method,
        num_painted=num_painted,
        shared_features=preset.perceptual == "compact" and not preset.start_from,  # which may look through an older one
        seed=preset.seed,
    )
    optimizers = {"predictor": keras.optimizers.Adam(cosine(preset.learning_rate, preset.steps))}
    model.compile(optimizers, clip_norm=preset.clip_norm, ema=average(preset.ema_kimg), jit_compile=jit_compile())
    trained = model.ema or predictor

    batches = data.StylePictureBatches(
        data.Crops(photographs, preset.crop_size, preset.batch_size, preset.scale, seed=preset.seed),
        [data.to_uint8(picture) for picture in pictures],
        numbers,
        network.num_styles,
        preset.source_shares,
        num_painted,
        preset.seed,
        preset.style_scale,
    )
    facts["known"] = [name for name, number in zip(names, numbers, strict=True) if number is not None]
    return System(
        model,
        batches,
        _preview(trained, network, batches),
        lambda folder: save_whole(trained, folder / PREDICTOR_FILE),
        {"photographs": len(photographs), "paintings": names, "network": {"style_space": space}, **facts},
        lambda: predictor(np.zeros((1, preset.crop_size, preset.crop_size, 3), "float32")),
    )


def start_from(run: Path, sizes: dict[str, int]) -> tuple[StylePredictor, dict[str, Any]]:
    """The predictor that an earlier run saved, to go on with, its units included: they need only be near the bank's.

    Args:
        run: directory of the run, or `style_predictor` for the packaged one.
        sizes: arguments of `StylePredictor` that it must have.

    Returns:
        The predictor, and the run's facts: `begun_with`.

    Raises:
        ValueError: if the folder holds no such run, its predictor has other sizes, or none is packaged.
    """
    if run == Path(PACKAGED) and not run.is_dir():
        predictor, record = packaged_predictor()
    else:
        check_run(run, "a style_predictor run", PREDICTOR_FILE, "config.json")
        predictor, record = load_network(run / PREDICTOR_FILE), begun_with(run)
    found = {name: getattr(predictor, name) for name in sizes}
    if found != sizes:
        raise ValueError(f"`start_from` must hold a predictor of {sizes}. Received: {run}, with {found}")
    predictor.trainable = True
    predictor.perceptual.trainable = False
    return predictor, {"begun_with": record}


def packaged_predictor() -> tuple[StylePredictor, dict[str, Any]]:
    """The packaged predictor and its `recipe` and `images_seen`.

    Raises:
        ValueError: if none is packaged.
    """
    entry = pretrained.network_entry("multistyle").get("predictor", {})
    if "keras" not in entry:
        raise ValueError(f"`start_from` must be the directory of a run: no predictor is packaged. Received: {PACKAGED}")
    record = {"network": "StylePredictor", **entry["keras"]}
    return pretrained.build_network(record, pretrained.read_weights(record)), pretrained.origin(entry)


def open_transformer(run: str) -> tuple[StyleTransformer, list[str], str]:
    """The network of a multistyle run, or the packaged one where `run` is empty.

    Returns:
        The network, the names of its styles, and its `style_space`.

    Raises:
        ValueError: if the folder holds no such run.
    """
    if not run:
        entry = pretrained.network_entry("multistyle")
        network, styles = pretrained.packaged_transformer(entry), [style["name"] for style in entry["styles"]]
    else:
        folder = Path(run)
        check_run(folder, "a multistyle run", NETWORK_FILE, "config.json", setting="painter")
        network = load_network(folder / NETWORK_FILE)
        styles = json.loads((folder / "config.json").read_text(encoding="utf-8"))["facts"]["styles"]
    network.trainable = False
    arrays = {weight.path: keras.ops.convert_to_numpy(weight).astype("float16") for weight in network.weights}
    return network, styles, pretrained.style_space(arrays)


def _preview(predictor, network, batches):
    """A row per photograph: itself, then pairs of a style picture and the photograph painted like it."""
    taken = take(batches, PREVIEW_PICTURES)
    pictures, photographs = taken["style_pictures"], taken["content"][:PREVIEW_PHOTOGRAPHS]

    def preview():
        vectors, rows = predictor(pictures), []
        for photograph in photographs:
            painted = keras.ops.convert_to_numpy(network.paint(np.repeat(photograph[None], len(pictures), 0), vectors))
            pairs = np.stack([pictures, painted], axis=1).reshape(-1, *photograph.shape)
            rows.append(data.to_uint8(np.concatenate([photograph[None], pairs])))
        return np.stack(rows)

    return preview
