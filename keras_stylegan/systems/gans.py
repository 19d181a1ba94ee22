"""From a preset to a generator of pictures and its critic, ready to train."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_stylegan import data
from keras_stylegan.choices import did_you_mean
from keras_stylegan.data.pictures import as_rgb
from keras_stylegan.models.info_gan import InfoGAN
from keras_stylegan.models.noise_to_image import NoiseToImage
from keras_stylegan.models.progressive import ProgressiveGAN
from keras_stylegan.models.schedules import CosineSchedule, PerUpdate, ScheduledAdam
from keras_stylegan.models.stylegan import StyleGAN
from keras_stylegan.models.transfer import transfer_weights
from keras_stylegan.presets import (
    PRESETS,
    GANPreset,
    InfoGANPreset,
    ProgressivePreset,
    StyleGAN2Preset,
    StyleGANPreset,
    get_preset,
    with_settings,
)
from keras_stylegan.systems.base import System, jit_compile, save_whole
from keras_stylegan.systems.gan_networks import FAMILIES, NETWORKS

PREVIEW_PICTURES = 32
# What a run leaves for inference, and for runs that begin with its weights.
GENERATOR_FILE, CRITIC_FILE = "generator.keras", "critic.keras"


def build_gan(preset: GANPreset) -> System:
    """A GAN on the pictures of a folder, zip or npz file.

    Raises:
        ValueError: if a setting breaks its rule, or `data` or `start_from` cannot be used.
    """
    check_gan(preset)
    batches, classes = open_batches(preset)
    generator, critic = NETWORKS[preset.network](preset, len(classes))
    for network in (generator, critic):
        network.build()
    facts: dict[str, Any] = {"pictures": batches.num_images, "classes": classes}
    if preset.start_from:
        facts["weights_taken"] = start_from(Path(preset.start_from), generator, critic)
    model = build_model(preset, generator, critic)
    compile_gan(model, preset)
    return System(model, batches, preview(model, len(classes)), lambda folder: save_gan(model, folder), facts)


def check_gan(preset: GANPreset) -> None:
    """Checks the settings that belong together, before anything is built."""
    choices = {
        "network": FAMILIES[preset.system],
        "conditioning": ("projection", "embedding"),
        "optimizer": tuple(OPTIMIZERS),
    }
    for name, valid in choices.items():
        value = getattr(preset, name)
        if value not in valid:
            hint = did_you_mean(value, valid)
            raise ValueError(f"`{name}` must be one of {', '.join(valid)}. Received: {name}={value}{hint}")
    if isinstance(preset, InfoGANPreset) and preset.classes:
        raise ValueError(
            f"`classes` must be empty for InfoGAN, which finds its own. Received: classes={preset.classes}"
        )
    if preset.batch_size % preset.critic_steps:
        raise ValueError(
            "`batch_size` must be a multiple of `critic_steps`, which share a batch. "
            f"Received: batch_size={preset.batch_size}, critic_steps={preset.critic_steps}"
        )


def open_batches(preset: GANPreset | StyleGAN2Preset) -> tuple[data.Batches, list[str]]:
    """The batches of a preset, and the classes as far as it asks for them."""
    if not preset.data:
        raise ValueError("`data` must name the pictures to train on. Received nothing")
    chosen = [name for name in preset.classes.split(",") if name]
    batches = data.open(
        preset.data,
        size=preset.size,
        batch_size=preset.batch_size,
        seed=preset.seed,
        channels=preset.channels,
        flip=bool(preset.flip),
        scale=preset.scale,
        labels=bool(chosen),
        classes=None if chosen in ([], ["all"]) else chosen,
        cache_bytes=preset.cache_megabytes * 2**20,
    )
    classes = list(batches.classes or ())
    if chosen and len(classes) < 2:
        found = ", ".join(classes) if classes else "no class folders or labels"
        raise ValueError(
            f"`classes` must be empty, or two or more classes of the pictures, which have {found}. "
            f"Received: classes={preset.classes}"
        )
    return batches, classes


def build_model(preset: GANPreset, generator: keras.Model, critic: keras.Model) -> NoiseToImage:
    """The model that trains a preset's networks."""
    options = training_options(preset)
    if isinstance(preset, InfoGANPreset):
        return InfoGAN(generator, critic, preset.code_weight, preset.continuous_weight, **options)
    if isinstance(preset, ProgressivePreset):
        options |= {"stable_kimg": preset.stable_kimg, "fade_kimg": preset.fade_kimg}
        if isinstance(preset, StyleGANPreset):
            return StyleGAN(generator, critic, preset.mixing_probability, **options)
        return ProgressiveGAN(generator, critic, **options)
    return NoiseToImage(generator, critic, **options)


def training_options(preset: GANPreset) -> dict[str, Any]:
    """The arguments of `NoiseToImage` that a preset sets."""
    return {
        "loss": preset.loss,
        "penalties": {
            name: scheduled(preset, weight, preset.final_penalties.get(name, weight))
            for name, weight in preset.penalties.items()
        },
        "penalty_every": preset.penalty_every,
        "critic_steps": preset.critic_steps,
        "weight_limit": preset.weight_limit or None,
        "frozen_blocks": preset.frozen_blocks,
        "rotation_weights": preset.rotation_weights if any(preset.rotation_weights) else None,
        "seed": preset.seed,
    }


def scheduled(preset: GANPreset, start: float, end: float) -> float | CosineSchedule:
    """A setting that moves to its final value while the preset's schedule runs."""
    return CosineSchedule(start, end, preset.schedule_kimg) if preset.schedule_kimg and start != end else start


def _adam(rate, preset, images):
    beta_2 = scheduled(preset, preset.beta_2, preset.final_beta_2)
    if callable(beta_2):
        beta_2 = PerUpdate(beta_2, images)
    return ScheduledAdam(beta_2=beta_2, learning_rate=rate, beta_1=preset.beta_1, epsilon=1e-8)


def _rmsprop(rate, preset, images):
    return keras.optimizers.RMSprop(rate, rho=0.99, epsilon=1e-8)


OPTIMIZERS = {"adam": _adam, "rmsprop": _rmsprop}


def compile_gan(model: NoiseToImage, preset: GANPreset) -> None:
    """Gives the model its optimizers, its average and its way of updating."""
    optimizers = {}
    rates = {"generator": (preset.learning_rate, 1), "critic": (preset.critic_learning_rate, preset.critic_steps)}
    for name, (rate, steps) in rates.items():
        images = preset.batch_size / steps
        if preset.decay_kimg:
            updates = max(1, round(preset.decay_kimg * 1000 / images))
            rate = keras.optimizers.schedules.PolynomialDecay(rate, updates, end_learning_rate=0.0)
        else:
            rate = scheduled(preset, rate, preset.final_learning_rate)
            rate = PerUpdate(rate, images) if callable(rate) else rate
        optimizers[name] = OPTIMIZERS[preset.optimizer](rate, preset, images)
    model.compile(
        optimizers,
        updates=preset.updates,
        clip_norm=preset.clip_norm or None,
        ema={
            "half_life_kimg": scheduled(preset, preset.ema_half_life_kimg, preset.final_ema_half_life_kimg),
            "ramp_up": preset.ema_ramp_up or None,
        },
        jit_compile=jit_compile(),
    )


def start_from(run: Path, generator: keras.Model, critic: keras.Model) -> int:
    """Begins with the weights that an earlier run saved; returns how many fitted.

    Raises:
        ValueError: if the folder holds no such run, or its networks have nothing in common with these.
    """
    taken = 0
    for file, network in ((GENERATOR_FILE, generator), (CRITIC_FILE, critic)):
        if not (run / file).is_file():
            raise ValueError(f"`start_from` must be the directory of a GAN's run, with {file}. Received: {run}")
        taken += transfer_weights(keras.models.load_model(run / file, compile=False), network)
    return taken


def save_gan(model: NoiseToImage, folder: Path) -> None:
    """Writes the averaged generator, and the critic."""
    save_whole(model.sampler, folder / GENERATOR_FILE)
    save_whole(model.critic, folder / CRITIC_FILE)


def preview(model: NoiseToImage, num_classes: int):
    """Always the same latents: a square of pictures, or a row for each class."""
    if not num_classes:
        return lambda: as_rgb(model.generate(range(PREVIEW_PICTURES)))
    columns = max(2, PREVIEW_PICTURES // num_classes)
    seeds = list(range(columns)) * num_classes
    labels = np.repeat(np.arange(num_classes), columns)

    def rows():
        pictures = as_rgb(model.generate(seeds, labels))
        return pictures.reshape(num_classes, columns, *pictures.shape[1:])

    return rows


def from_preset(name: str, *settings: str, num_classes: int = 0) -> NoiseToImage:
    """An untrained GAN of a preset, to train in a loop of one's own: networks built, losses set, not compiled.

    Args:
        name: of a GAN's preset (`keras-stylegan presets`).
        *settings: `key=value` texts that change it.
        num_classes: classes of the networks; the preset's `conditioning` says how they enter the critic.

    Raises:
        ValueError: for an unknown name or setting, or the preset of another kind of system.
    """
    preset = with_settings(get_preset(name), settings)
    if not isinstance(preset, GANPreset):
        gans = sorted(key for key, value in PRESETS.items() if isinstance(value, GANPreset))
        raise ValueError(f"`name` must be the preset of a GAN: {', '.join(gans)}. Received: name={name}")
    check_gan(preset)
    generator, critic = NETWORKS[preset.network](preset, num_classes)
    for network in (generator, critic):
        network.build()
    return build_model(preset, generator, critic)
