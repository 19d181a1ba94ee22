"""From a preset to translators between pictures of A and pictures of B, ready to train."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from keras_stylegan import data
from keras_stylegan.models.cycle_gan import DIRECTIONS, CycleGAN
from keras_stylegan.models.pix2pix import Pix2Pix
from keras_stylegan.models.schedules import LinearDecay, PerUpdate
from keras_stylegan.models.translation import TranslationModel
from keras_stylegan.presets import CycleGANPreset, Pix2PixPreset, TranslationPreset
from keras_stylegan.systems.base import Probe, System, average, jit_compile, save_whole, take
from keras_stylegan.systems.checks import check_choice
from keras_stylegan.systems.gan_parts import SIGNED_LOSSES
from keras_stylegan.systems.translation_networks import build_critic, build_translator, check_translation

PREVIEW_PICTURES = 6
PROBE_PICTURES = 8


def build_pix2pix(preset: Pix2PixPreset) -> System:
    """A translator learnt from pairs.

    Raises:
        ValueError: if a setting breaks its rule, or `data` cannot be used.
    """
    check_translation(preset)
    check_choice("direction", preset.direction, DIRECTIONS)
    batches = open_batches(preset, "paired")
    data.check_pairs(batches.crops[0].source.source)
    if preset.direction == "b_to_a":
        batches = data.Batches(batches.crops, batches.keys[::-1])
    model = untrained_pix2pix(preset)
    generator, critic = model.generator, model.critic
    taken = take(batches, PROBE_PICTURES)
    inputs, targets = taken["images_a"], taken["images_b"]
    signed = critic is not None and preset.loss in SIGNED_LOSSES
    condition = model.condition(taken)
    return System(
        model,
        batches,
        preview(inputs, [model.sampler], targets),
        lambda folder: save_whole(model.sampler, folder / f"{preset.direction}.keras"),
        {"pairs": batches.num_images},
        lambda: generator(np.zeros((1, *preset.size, generator.channels), "float32")),
        Probe(lambda: generator(inputs), targets, (lambda images: critic(images, condition)) if signed else None),
    )


def untrained_pix2pix(preset: Pix2PixPreset) -> Pix2Pix:
    """The model of a preset, compiled; checks the settings of its networks."""
    check_translation(preset)
    model = Pix2Pix(
        build_translator(preset),
        build_critic(preset, condition_channels=3) if preset.adversarial_weight else None,
        loss=preset.loss,
        reconstruction_weight=preset.reconstruction_weight,
        adversarial_weight=preset.adversarial_weight,
        critic_weight=preset.critic_weight,
        penalty_weight=preset.penalty_weight,
        critic_steps=preset.critic_steps,
        seed=preset.seed,
    )
    compile_translation(model, preset, ema=average(preset.ema_half_life_kimg))
    return model


def build_cyclegan(preset: CycleGANPreset) -> System:
    """Translators there and back, learnt without pairs.

    Raises:
        ValueError: if a setting breaks its rule, or `data` cannot be used.
    """
    check_translation(preset)
    batches = open_batches(preset, "unpaired")
    model = untrained_cyclegan(preset)
    there, back = model.a_to_b, model.b_to_a
    taken = take(batches, PROBE_PICTURES)
    a, b = taken["images_a"], taken["images_b"]
    previews = [preview(a, [there, back]), preview(b, [back, there])]

    def save(folder: Path) -> None:
        for direction, network in zip(DIRECTIONS, (there, back), strict=True):
            save_whole(network, folder / f"{direction}.keras")

    counts = {f"pictures_{name}": len(crops.source) for name, crops in zip("ab", batches.crops, strict=True)}
    return System(
        model,
        batches,
        lambda: np.concatenate([draw() for draw in previews]),
        save,
        counts,
        lambda: there(np.zeros((1, *preset.size, there.channels), "float32")),
        (
            Probe(lambda: there(a), b, inputs=a, name="a_to_b"),
            Probe(lambda: back(b), a, inputs=b, name="b_to_a"),
        ),
    )


def untrained_cyclegan(preset: CycleGANPreset) -> CycleGAN:
    """The model of a preset, compiled; checks the settings of its networks."""
    check_translation(preset)
    model = CycleGAN(
        build_translator(preset),
        build_translator(preset),
        build_critic(preset),
        build_critic(preset),
        loss=preset.loss,
        cycle_weight=preset.cycle_weight,
        identity_weight=preset.identity_weight,
        adversarial_weight=preset.adversarial_weight,
        critic_weight=preset.critic_weight,
        penalty_weight=preset.penalty_weight,
        critic_steps=preset.critic_steps,
        history_size=preset.history_size,
        size=preset.size,
        seed=preset.seed,
    )
    compile_translation(model, preset)
    return model


def open_batches(preset: TranslationPreset, kind: str) -> data.Batches:
    """The batches of a preset, `images_a` and `images_b`."""
    return data.open(
        (preset.data, preset.data_b) if preset.data_b else preset.data,
        kind,
        size=preset.size,
        batch_size=preset.batch_size,
        seed=preset.seed,
        flip=bool(preset.flip),
        scale=preset.scale,
        resample="bicubic",  # Lanczos would ring beside the flat colours of drawings and labels
        cache_bytes=preset.cache_megabytes * 2**20,
    )


def compile_translation(model: TranslationModel, preset: TranslationPreset, ema: dict | None = None) -> None:
    """Gives each player Adam, its rate on the preset's way down to 0."""
    rates = {"generator": (preset.learning_rate, 1), "critic": (preset.critic_learning_rate, preset.critic_steps)}
    optimizers = {}
    for player in model.players():
        rate, steps = rates[player.name]
        if preset.decay_share:
            falling = preset.decay_share * preset.kimg
            rate = PerUpdate(LinearDecay(rate, preset.kimg - falling, falling), preset.batch_size / steps)
        optimizers[player.name] = keras.optimizers.Adam(rate, preset.beta_1, preset.beta_2)
    model.compile(optimizers, ema=ema, jit_compile=jit_compile())


def preview(inputs: np.ndarray, networks: list[keras.Model], targets: np.ndarray | None = None) -> Callable:
    """A row for each picture: itself, what the first network makes of it, the next of that, and what is wanted."""

    def draw():
        columns = [inputs[:PREVIEW_PICTURES]]
        for network in networks:
            columns.append(keras.ops.convert_to_numpy(network(columns[-1])))
        if targets is not None:
            columns.append(targets[:PREVIEW_PICTURES])
        return np.stack([data.to_uint8(column) for column in columns], axis=1)

    return draw
