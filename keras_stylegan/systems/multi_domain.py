"""From a preset to one translator for several domains, ready to train."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np

from keras_stylegan import data
from keras_stylegan.latents import seeded_latents
from keras_stylegan.models.multi_domain import MultiDomainTranslation
from keras_stylegan.models.schedules import LinearDecay
from keras_stylegan.networks import DomainEncoder, DomainTranslator
from keras_stylegan.presets import MultiDomainPreset
from keras_stylegan.systems.base import Probe, System, average, jit_compile, save_whole, take

PREVIEW_PICTURES = 4
PROBE_PICTURES = 8
FILE = "translator.keras"
# Folders of sets for CycleGAN: held-out pictures would become domains of their own.
_PARTS = ("trainA", "trainB", "testA", "testB", "train", "test")


def build_multi_domain(preset: MultiDomainPreset) -> System:
    """One translator for all domains of a folder.

    Raises:
        ValueError: if a setting breaks its rule, or `data` cannot be used.
    """
    if any(side % 2 ** (preset.depth + 2) for side in preset.size):
        raise ValueError(
            f"`size` must be multiples of {2 ** (preset.depth + 2)}, as the critic's `depth` wants. "
            f"Received: size={preset.size}"
        )
    batches = data.DomainBatches(
        preset.data,
        preset.size,
        preset.batch_size,
        preset.seed,
        preset.scale,
        bool(preset.flip),
        preset.cache_megabytes * 2**20,
    )
    _check_domains(preset, batches.domains)
    num_domains = len(batches.domains)
    translator = DomainTranslator(
        num_domains,
        preset.filters,
        preset.max_filters,
        preset.depth,
        preset.num_blocks,
        preset.style_dim,
        preset.latent_dim,
        preset.mapping_layers,
        bool(preset.skips),
    )
    critic = DomainEncoder(num_domains, 1, preset.critic_filters, preset.max_filters, preset.depth + 2)
    for network in (translator, critic):
        network.build()
    model = MultiDomainTranslation(
        translator,
        critic,
        loss=preset.loss,
        style_weight=preset.style_weight,
        diversity_weight=LinearDecay(preset.diversity_weight, 0.0, preset.diversity_kimg),
        cycle_weight=preset.cycle_weight,
        penalty_weight=preset.penalty_weight,
        seed=preset.seed,
    )
    rates = {"generator": preset.learning_rate, "critic": preset.critic_learning_rate}
    model.compile(
        {name: keras.optimizers.Adam(rate, preset.beta_1, preset.beta_2) for name, rate in rates.items()},
        ema=average(preset.ema_half_life_kimg),
        jit_compile=jit_compile(),
    )
    taken = take(batches, PROBE_PICTURES)
    return System(
        model,
        batches,
        preview(model, taken["images"][:PREVIEW_PICTURES]),
        lambda folder: save_whole(model.sampler, folder / FILE),
        {"domains": list(batches.domains), "pictures": sum(batches.counts)},
        lambda: translator(np.zeros((1, *preset.size, 3), "float32"), np.zeros((1, preset.style_dim), "float32")),
        probe(translator, taken),
    )


def probe(translator: DomainTranslator, taken: dict[str, np.ndarray]) -> Probe:
    """Fixed pictures under fixed latents, beside real pictures of the domains they go to."""
    latents = seeded_latents(range(len(taken["images"])), translator.latent_dim)
    targets = np.eye(translator.num_domains, dtype="float32")[taken["targets"]]
    return Probe(lambda: translator(taken["images"], translator.styles_of_noise(latents, targets)), taken["references"])


def _check_domains(preset, domains):
    halves = [name for name in _PARTS if name in domains]
    if len(halves) > 1:
        raise ValueError(
            "`data` must hold a folder for each domain, without parts for training and tests. "
            f"Received: {preset.data} with {', '.join(halves)}"
        )


def preview(model: MultiDomainTranslation, images: np.ndarray) -> Callable:
    """A row for each picture: itself, then in every domain under two styles of noise."""
    domains = model.translator.num_domains
    labels = np.repeat(np.eye(domains, dtype="float32"), 2, axis=0)

    def draw():
        network, rows = model.sampler, []
        latents = np.tile(seeded_latents(range(2), network.latent_dim), (domains, 1))
        styles = network.styles_of_noise(latents, labels)
        for image in images:
            made = network(np.repeat(image[None], len(labels), axis=0), styles)
            rows.append(data.to_uint8(np.concatenate([image[None], keras.ops.convert_to_numpy(made)])))
        return np.stack(rows)

    return draw
