"""From a preset to what trains: one small builder per system, registered by name."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_stylegan import data
from keras_stylegan.files import whole_file
from keras_stylegan.models.multi_style import MultiStyleTransfer
from keras_stylegan.networks import PatchCritic, StyleTransformer, build_perceptual
from keras_stylegan.presets import MultiStylePreset, Preset

PREVIEW_PHOTOGRAPHS = 4
PREVIEW_STYLES = 8


@dataclasses.dataclass(frozen=True)
class System:
    """What a builder returns.

    Attributes:
        model: the compiled model, trained by `fit` or by `make_step()`.
        batches: object with `batches[index]` for every index >= 0.
        preview: function that paints pictures for the image grid, always of the same inputs.
        save: function that writes what inference needs into a folder.
        facts: what the data decided (counts, names), written into config.json; a run resumes only where they are equal.
    """

    model: keras.Model
    batches: Any
    preview: Callable[[], np.ndarray]
    save: Callable[[Path], None]
    facts: dict[str, Any]


def build(preset: Preset) -> System:
    """Builds the system of a preset."""
    if preset.system not in SYSTEMS:
        raise ValueError(f"`system` must be one of {', '.join(sorted(SYSTEMS))}. Received: {preset.system}")
    return SYSTEMS[preset.system](preset)


def build_multistyle(preset: MultiStylePreset) -> System:
    """One network for all the styles of a folder."""
    for name in ("content", "styles"):
        if not getattr(preset, name):
            raise ValueError(f"`{name}` must name the pictures to train on. Received nothing")
    if preset.crop_size % StyleTransformer.stride:
        raise ValueError(
            f"`crop_size` must be a multiple of {StyleTransformer.stride}. Received: crop_size={preset.crop_size}"
        )
    if preset.batch_size % preset.critic_steps:
        raise ValueError(
            "`batch_size` must be a multiple of `critic_steps`, which share a batch. "
            f"Received: batch_size={preset.batch_size}, critic_steps={preset.critic_steps}"
        )
    photographs = data.open_images(preset.content, preset.content_short_side, preset.cache_megabytes * 2**20)
    names, pictures = data.open_styles(preset.styles, preset.style_short_side)
    unknown = sorted(set(preset.alphas) - set(names))
    if unknown:
        raise ValueError(f"`alphas` must name styles among {', '.join(names)}. Received: {', '.join(unknown)}")

    network = StyleTransformer(len(names), preset.widths, preset.num_blocks, preset.normalization, preset.num_waves)
    network.build()
    critic = None
    if preset.critic_weight:
        critic = PatchCritic(len(names))
        critic.build((None, None, None, 3), (None, len(names)))
    model = MultiStyleTransfer(
        network,
        build_perceptual(preset.perceptual, dtype=preset.precision),
        pictures,
        methods=preset.methods,
        style_weight=preset.style_weight,
        alphas=[preset.alphas.get(name, 1.0) for name in names],
        content_method=preset.content_method,
        content_weight=preset.content_weight,
        variation_weight=preset.variation_weight,
        photograph_weight=preset.photograph_weight,
        critic=critic,
        critic_weight=preset.critic_weight,
        penalty_weight=preset.penalty_weight,
        critic_steps=preset.critic_steps,
        seed=preset.seed,
    )
    optimizers = {"generator": keras.optimizers.Adam(_cosine(preset.learning_rate, preset.steps))}
    if critic is not None:
        rate = _cosine(preset.critic_learning_rate, preset.steps * preset.critic_steps)
        optimizers["critic"] = keras.optimizers.Adam(rate, beta_1=0.5, beta_2=0.9)
    model.compile(optimizers, clip_norm=preset.clip_norm, jit_compile=jit_compile())

    batches = data.StyleBatches(
        data.Crops(photographs, preset.crop_size, preset.batch_size, preset.scale, seed=preset.seed),
        len(names),
        preset.mix_probability if len(names) > 1 else 0.0,
        preset.weak_probability,
        pictures if critic is not None else None,
        preset.seed,
    )
    return System(
        model,
        batches,
        _style_preview(network, photographs, preset.crop_size),
        lambda folder: save_whole(network, folder / "network.keras"),
        {"photographs": len(photographs), "styles": names},
    )


def _build_stylegan2(preset):
    # Above this module, whose `System` it makes.
    from keras_stylegan.stylegan2_systems import build_stylegan2

    return build_stylegan2(preset)


SYSTEMS: dict[str, Callable[[Any], System]] = {"multistyle": build_multistyle, "stylegan2": _build_stylegan2}


def jit_compile() -> str | bool:
    """Keras' "auto", but off for TensorFlow on CPU, where XLA made steps several times slower."""
    if keras.backend.backend() != "tensorflow":
        return "auto"
    import tensorflow as tf

    return "auto" if tf.config.list_physical_devices("GPU") else False


def save_whole(model: keras.Model, path: Path) -> None:
    """Writes a `.keras` file under a temporary name, then renames it."""
    with whole_file(path) as partial:
        model.save(partial)


def _cosine(learning_rate, steps):
    return keras.optimizers.schedules.CosineDecay(learning_rate, max(1, steps))


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
