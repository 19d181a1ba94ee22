"""From a preset to one network for all the styles of a folder, or to the baseline for one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_stylegan import data, pretrained
from keras_stylegan.keras_files import load_network
from keras_stylegan.models.multi_style import MultiStyleTransfer
from keras_stylegan.models.style_methods import METHODS, PIXEL
from keras_stylegan.models.transfer import transfer_weights
from keras_stylegan.networks import JohnsonTransformer, PatchCritic, StyleTransformer, build_perceptual
from keras_stylegan.presets import JohnsonPreset, MultiStylePreset
from keras_stylegan.systems.base import System, average, begun_with, cosine, jit_compile, save_whole
from keras_stylegan.systems.checks import check_choice, check_critic_steps, check_run

NETWORK_FILE = "network.keras"
# What `start_from` calls the network that comes with the package.
PACKAGED = "multistyle"
PREVIEW_PHOTOGRAPHS = 4
PREVIEW_STYLES = 8


def build_multistyle(preset: MultiStylePreset) -> System:
    """One network for all the styles of a folder."""
    kind = JohnsonTransformer if isinstance(preset, JohnsonPreset) else StyleTransformer
    if preset.crop_size % kind.stride:
        raise ValueError(f"`crop_size` must be a multiple of {kind.stride}. Received: crop_size={preset.crop_size}")
    check_critic_steps(preset)
    photographs = data.open_images(preset.content, preset.content_short_side, preset.cache_megabytes * 2**20)
    names, pictures = data.open_styles(preset.styles, preset.style_short_side)
    for setting in ("alphas", "smoothed"):
        _check_names(setting, getattr(preset, setting), names)
    if preset.smoothed and not preset.critic_weight:
        raise ValueError(f"`smoothed` needs a `critic_weight` above 0. Received: smoothed={preset.smoothed}")
    methods = method_weights(preset.methods, names)
    if bool(preset.targets) != (PIXEL in methods):
        raise ValueError(
            "`targets` and the method `pixel` go together. "
            f"Received: targets={preset.targets}, methods={', '.join(preset.methods)}"
        )
    painted = data.open_painted(preset.targets, names, photographs) if preset.targets else []

    network = build_network(preset, len(names))
    network.build()
    facts = {"photographs": len(photographs), "styles": names}
    if painted:
        facts["targets"] = len(painted)
    if preset.start_from:
        facts["begun_with"] = start_from(Path(preset.start_from), network, names)
    critic = None
    if preset.critic_weight:
        critic = PatchCritic(len(names))
        critic.build((None, None, None, 3), (None, len(names)))
    model = MultiStyleTransfer(
        network,
        build_perceptual(preset.perceptual, dtype=None),
        pictures,
        methods=methods,
        style_weight=preset.style_weight,
        alphas=[preset.alphas.get(name, 1.0) for name in names],
        content_method=preset.content_method,
        content_weight=preset.content_weight,
        light_weight=preset.light_weight,
        variation_weight=preset.variation_weight,
        grid_weight=preset.grid_weight,
        photograph_weight=preset.photograph_weight,
        critic=critic,
        critic_weight=preset.critic_weight,
        critic_balanced=bool(preset.critic_balanced),
        smoothed_weights=[preset.smoothed.get(name, 0.0) for name in names],
        penalty_weight=preset.penalty_weight,
        critic_steps=preset.critic_steps,
        style_names=names,
        seed=preset.seed,
    )
    optimizers = {"generator": keras.optimizers.Adam(cosine(preset.learning_rate, preset.steps))}
    if critic is not None:
        rate = cosine(preset.critic_learning_rate, preset.steps * preset.critic_steps)
        optimizers["critic"] = keras.optimizers.Adam(rate, beta_1=0.5, beta_2=0.9)
    model.compile(optimizers, clip_norm=preset.clip_norm, ema=average(preset.ema_kimg), jit_compile=jit_compile())
    trained = model.ema or network

    batches = data.StyleBatches(
        data.Crops(photographs, preset.crop_size, preset.batch_size, preset.scale, seed=preset.seed),
        len(names),
        preset.mix_probability if len(names) > 1 else 0.0,
        preset.weak_probability,
        pictures if critic is not None else None,
        preset.seed,
        [number for number, name in enumerate(names) if preset.smoothed.get(name)],
        painted,
        preset.target_probability,
    )
    return System(
        model,
        batches,
        _style_preview(trained, photographs, preset.crop_size),
        lambda folder: save_whole(trained, folder / NETWORK_FILE),
        facts,
        lambda: network(_example(network, preset.crop_size)),
        monitor="" if critic is not None else "generator/loss",
    )


def method_weights(methods: dict[str, float], names: list[str]) -> dict[str, np.ndarray]:
    """The weights of each method, one a style, from a preset's `methods`.

    Args:
        methods: weights by METHOD, for all styles, and by STYLE/METHOD, for one.
        names: names of the styles.

    Raises:
        ValueError: if a method or a style is unknown.
    """
    _check_names("methods", [key.rpartition("/")[0] for key in methods if "/" in key], names)
    for key in methods:
        check_choice("methods", key.rpartition("/")[2], METHODS)
    weights = {key.rpartition("/")[2]: np.zeros(len(names), "float32") for key in methods}
    for key, weight in sorted(methods.items(), key=lambda item: "/" in item[0]):  # those of all styles first
        style, _, method = key.rpartition("/")
        weights[method][names.index(style) if style else slice(None)] = weight
    return weights


def build_network(preset: MultiStylePreset, num_styles: int) -> StyleTransformer | JohnsonTransformer:
    """The network of a preset.

    Raises:
        ValueError: if there are several styles for a network of one.
    """
    if isinstance(preset, JohnsonPreset):
        if num_styles != 1:
            raise ValueError(f"`styles` must hold one picture, the style of the network. Received: {num_styles}")
        return JohnsonTransformer(preset.width, preset.depth)
    return StyleTransformer(
        num_styles,
        preset.widths,
        preset.num_blocks,
        preset.normalization,
        preset.num_waves,
        preset.bank_lr_multiplier,
    )


def start_from(run: Path, network: StyleTransformer | JohnsonTransformer, names: list[str]) -> dict[str, Any]:
    """Begins with the network that an earlier run saved, the vectors of its styles matched by their names.

    Args:
        run: directory of the run, or `multistyle`, the name of the packaged network.
        network: the network to begin.
        names: names of its styles.

    Returns:
        `settings` and `images_seen` of that run and, where it began with another, that run's own `begun_with`; of the
        packaged network, `recipe` and `images_seen`.

    Raises:
        ValueError: if the folder holds no such run, or its network has nothing in common with this one.
    """
    if run == Path(PACKAGED) and not run.is_dir():
        entry = pretrained.network_entry("multistyle")
        earlier, known = pretrained.packaged_transformer(entry), [style["name"] for style in entry["styles"]]
        # What was learnt, not the share of it that is shown: packaging takes that share again.
        earlier.bank.temper([1 / style.get("strength", 1) for style in entry["styles"]])
        record = pretrained.origin(entry)
    else:
        check_run(run, "a multistyle run", NETWORK_FILE, "config.json")
        earlier, record = load_network(run / NETWORK_FILE), begun_with(run)
        known = json.loads((run / "config.json").read_text(encoding="utf-8"))["facts"]["styles"]
    if isinstance(network, StyleTransformer) and isinstance(earlier, StyleTransformer):
        take_styles(earlier, network, known, names)
    else:
        transfer_weights(earlier, network)
    return record


def take_styles(earlier, network, known, names):
    """Weights of the network, and the vectors of the styles that both know by name."""
    vectors = keras.ops.convert_to_numpy(network.bank.vectors).copy()
    transfer_weights(earlier, network)
    if earlier.vector_size == network.vector_size:
        factor = earlier.bank.learning_rate_multiplier / network.bank.learning_rate_multiplier
        learned = keras.ops.convert_to_numpy(earlier.bank.vectors) * factor
        for i, name in enumerate(names):
            if name in known:
                vectors[i] = learned[known.index(name)]
        network.bank.photograph.assign(earlier.bank.photograph * factor)
    network.bank.vectors.assign(vectors)


def _check_names(setting, given, names):
    unknown = sorted(set(given) - set(names))
    if unknown:
        raise ValueError(f"`{setting}` must name styles among {', '.join(names)}. Received: {', '.join(unknown)}")


def _example(network, size):
    """A batch of one for a `StyleTransformer`."""
    weights = np.full((1, network.num_styles), 1 / network.num_styles, "float32")
    return {
        "images": np.zeros((1, size, size, 3), "float32"),
        "style_weights": weights,
        "strength": np.ones(1, "float32"),
    }


def _style_preview(network, photographs, size):
    """A row per photograph: itself, then painted in styles spread over the bank."""
    styles = np.unique(np.linspace(0, network.num_styles - 1, PREVIEW_STYLES).round().astype("int"))
    crops = data.Crops(photographs, size, min(PREVIEW_PHOTOGRAPHS, len(photographs)), (1.0, 1.0), flip=False)[0]
    weights = np.eye(network.num_styles, dtype="float32")[styles]

    def preview():
        rows = []
        for photograph in crops:
            images = np.repeat(photograph[None], len(styles), axis=0)
            inputs = {"images": images, "style_weights": weights, "strength": np.ones(len(styles), "float32")}
            painted = keras.ops.convert_to_numpy(network(inputs))
            rows.append(data.to_uint8(np.concatenate([photograph[None], painted])))
        return np.stack(rows)

    return preview
