"""From a preset to a network that enlarges photographs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_stylegan import data
from keras_stylegan.keras_files import load_network
from keras_stylegan.losses import ADVERSARIAL_LOSSES
from keras_stylegan.models.super_resolution import SuperResolution
from keras_stylegan.models.transfer import transfer_weights
from keras_stylegan.networks import SuperResolutionNetwork, TextureCritic, build_perceptual
from keras_stylegan.ops.bicubic import upsample_bicubic
from keras_stylegan.presets import SuperResolutionPreset
from keras_stylegan.systems.base import System, average, begun_with, cosine, growing, jit_compile, save_whole
from keras_stylegan.systems.checks import check_choice, check_run

PREVIEW_PICTURES = 4
# What a run leaves for inference, and for runs that begin with its weights.
NETWORK_FILE, CRITIC_FILE = "network.keras", "critic.keras"


def build_super_resolution(preset: SuperResolutionPreset) -> System:
    """Super-resolution on the photographs of a folder, zip or npz file.

    Raises:
        ValueError: if a setting breaks its rule, or `data` or `start_from` cannot be used.
    """
    _check(preset)
    photographs = data.open_images(preset.data, cache_bytes=preset.cache_megabytes * 2**20)
    degradation = data.Degradation(preset.factor, preset.blur, preset.noise, preset.jpeg_quality, preset.clean_share)
    crops = data.Crops(
        photographs, preset.crop_size, preset.batch_size, preset.scale, seed=preset.seed, resample="lanczos"
    )
    batches = data.DegradedBatches(crops, degradation)
    network = SuperResolutionNetwork(preset.factor, preset.filters, preset.num_blocks)
    network.build()
    critic = None
    if preset.critic_weight:
        critic = TextureCritic(preset.critic_filters)
        critic.build()
    facts: dict[str, Any] = {"photographs": len(photographs)}
    if preset.start_from:
        facts["begun_with"] = _start_from(Path(preset.start_from), network, critic)
    perceptual = build_perceptual(preset.perceptual, dtype=None) if preset.perceptual_weight else None
    model = SuperResolution(
        network,
        perceptual,
        critic,
        pixel_weight=preset.pixel_weight,
        perceptual_weight=preset.perceptual_weight,
        critic_weight=growing(preset.critic_weight, preset.critic_kimg),
        loss=preset.loss,
        penalty_weight=preset.penalty_weight,
        penalty_every=preset.penalty_every,
        seed=preset.seed,
    )
    rates = {"generator": preset.learning_rate, "critic": preset.critic_learning_rate}
    # A critic follows a moving aim, so its momentum is short.
    momenta = {"generator": 0.9, "critic": 0.5}
    optimizers = {
        name: keras.optimizers.Adam(cosine(rates[name], preset.steps), beta_1=momenta[name], beta_2=0.99)
        for name in (player.name for player in model.players())
    }
    model.compile(
        optimizers, clip_norm=preset.clip_norm or None, ema=average(preset.ema_kimg), jit_compile=jit_compile()
    )
    trained = model.ema or network

    def save(folder: Path) -> None:
        save_whole(trained, folder / NETWORK_FILE)
        if critic is not None:
            save_whole(critic, folder / CRITIC_FILE)

    side = preset.crop_size // preset.factor
    example = np.zeros((1, side, side, 3), "float32")
    monitor = "" if critic is not None else "generator/loss"
    return System(model, batches, _preview(trained, batches), save, facts, lambda: network(example), monitor=monitor)


def _check(preset: SuperResolutionPreset) -> None:
    check_choice("loss", preset.loss, ADVERSARIAL_LOSSES)
    if preset.crop_size % preset.factor or preset.crop_size % 8 or preset.crop_size < 3 * preset.factor:
        raise ValueError(
            f"`crop_size` must be a multiple of 8 and of `factor`, and at least {3 * preset.factor}. "
            f"Received: crop_size={preset.crop_size}, factor={preset.factor}"
        )


def _start_from(run: Path, network: SuperResolutionNetwork, critic: TextureCritic | None) -> dict[str, Any]:
    """Begins with the weights that an earlier run saved, its critic where there is one; returns what it was."""
    check_run(run, "such a run", NETWORK_FILE, "config.json")
    transfer_weights(load_network(run / NETWORK_FILE), network)
    if critic is not None and (run / CRITIC_FILE).is_file():
        transfer_weights(load_network(run / CRITIC_FILE), critic)
    return begun_with(run)


def _preview(network, batches):
    """A row per crop: enlarged by the bicubic filter, by the network, and the crop itself."""
    first = batches[0]
    small, images = (first[key][:PREVIEW_PICTURES] for key in ("small", "images"))
    bicubic = keras.ops.convert_to_numpy(upsample_bicubic(keras.ops.convert_to_tensor(small), network.factor))

    def preview():
        enlarged = keras.ops.convert_to_numpy(network(small))
        return data.to_uint8(np.stack([bicubic, enlarged, images], axis=1))

    return preview
