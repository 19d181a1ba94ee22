"""From a preset to the fusion system."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_stylegan import data, pretrained
from keras_stylegan.keras_files import load_network
from keras_stylegan.losses import ADVERSARIAL_LOSSES
from keras_stylegan.models.fusion import Fusion
from keras_stylegan.models.transfer import transfer_weights
from keras_stylegan.networks import FusionCritic, FusionGenerator, build_perceptual
from keras_stylegan.networks.fusion import composite_of
from keras_stylegan.presets import FusionPreset
from keras_stylegan.systems.base import System, average, begun_with, cosine, growing, jit_compile, save_whole
from keras_stylegan.systems.checks import check_choice, check_run

NETWORK_FILE = "network.keras"
PREVIEW_PAIRS = 8


def build_fusion(preset: FusionPreset) -> System:
    """The fusion system as the preset says.

    Raises:
        ValueError: if a setting breaks its rule, or `content` cannot be used.
    """
    check_choice("loss", preset.loss, ADVERSARIAL_LOSSES)
    if preset.crop_size % FusionGenerator.stride or preset.crop_size < 2 * FusionGenerator.stride:
        raise ValueError(
            f"`crop_size` must be a multiple of {FusionGenerator.stride} from {2 * FusionGenerator.stride} on. "
            f"Received: crop_size={preset.crop_size}"
        )
    photographs = data.open_images(preset.content, preset.content_short_side, preset.cache_megabytes * 2**20)
    crops = data.Crops(photographs, preset.crop_size, preset.batch_size, preset.scale, seed=preset.seed)
    generator = FusionGenerator(preset.widths, preset.num_blocks, preset.latent_dim)
    generator.build()
    facts: dict[str, Any] = {"photographs": len(photographs), "shifts": sorted(preset.shifts)}
    if preset.start_from:
        facts["begun_with"] = start_from(Path(preset.start_from), generator)
    critic = None
    if preset.critic_weight:
        critic = FusionCritic()
        critic.build()
    model = Fusion(
        generator,
        build_perceptual(preset.perceptual, dtype=None),
        critic,
        error_weight=preset.error_weight,
        perceptual_weight=preset.perceptual_weight,
        critic_weight=growing(preset.critic_weight, preset.critic_kimg),
        loss=preset.loss,
        penalty_weight=preset.penalty_weight,
        penalty_every=preset.penalty_every,
        seed=preset.seed,
    )
    optimizers = {"generator": keras.optimizers.Adam(cosine(preset.learning_rate, preset.steps), beta_2=0.99)}
    if critic is not None:
        optimizers["critic"] = keras.optimizers.Adam(
            cosine(preset.critic_learning_rate, preset.steps), beta_1=0.5, beta_2=0.99
        )
    model.compile(
        optimizers, clip_norm=preset.clip_norm or None, ema=average(preset.ema_kimg), jit_compile=jit_compile()
    )
    trained = model.ema or generator
    return System(
        model,
        _pairs(preset, crops),
        _preview(trained, preset, photographs),
        lambda folder: save_whole(trained, folder / NETWORK_FILE),
        facts,
        lambda: generator(_example(generator, preset.crop_size)),
    )


def start_from(run: Path, generator: FusionGenerator) -> dict[str, Any]:
    """Begins with the network that an earlier run saved, as far as widths and blocks are the same.

    Args:
        run: directory of the run, or `fusion`, the name of the packaged network.
        generator: the network to begin.

    Returns:
        As of `multistyle.start_from`.

    Raises:
        ValueError: if the folder holds no such run, or its network has nothing in common with this one.
    """
    if run == Path(pretrained.FUSION) and not run.is_dir():
        entry = pretrained.fusion_entry()
        record = {"network": "FusionGenerator", **entry["keras"]}
        earlier = pretrained.build_network(record, pretrained.read_weights(record))
        begun = pretrained.origin(entry)
    else:
        check_run(run, "a fusion run", NETWORK_FILE, "config.json")
        earlier, begun = load_network(run / NETWORK_FILE), begun_with(run)
        if not isinstance(earlier, FusionGenerator):
            raise ValueError(f"`start_from` must be the directory of a fusion run. Received: {run}")
    transfer_weights(earlier, generator)
    return begun


def _pairs(preset, crops):
    return data.HarmonizationPairs(
        crops,
        preset.shifts,
        preset.num_regions,
        preset.many_probability,
        preset.twice_probability,
        preset.unchanged_probability,
        preset.seed,
    )


def _example(generator, size):
    """A batch of one for a `FusionGenerator`."""
    picture = np.zeros((1, size, size, 3), "float32")
    noise = np.zeros((1, generator.latent_dim), "float32")
    return {"source": picture, "target": picture, "masks": np.zeros((1, size, size, 1), "float32"), "noise": noise}


def _preview(network, preset, photographs):
    """A row per pair: copy and paste, fused, and the truth."""
    count = min(PREVIEW_PAIRS, len(photographs))
    # Another seed than the run's, so that what is seen is not what is learnt in the first step.
    crops = data.Crops(photographs, preset.crop_size, count, (1.0, 1.0), False, preset.seed + 1)
    batch = _pairs(preset, crops)[0]
    batch["noise"] = np.zeros((count, network.latent_dim), "float32")

    def preview():
        columns = [composite_of(batch), network(batch), batch["target"]]
        return np.stack([data.to_uint8(keras.ops.convert_to_numpy(column)) for column in columns], axis=1)

    return preview
