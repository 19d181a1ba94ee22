"""What the builders of GANs from noise share: pictures, augmentation, what a run shows and saves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_stylegan import data
from keras_stylegan.data.pictures import as_rgb
from keras_stylegan.latents import seeded_latents
from keras_stylegan.layers import AdaptiveAugmentation, DiffAugment
from keras_stylegan.models.image_gan import ImageGAN
from keras_stylegan.models.info_gan import InfoGAN
from keras_stylegan.models.schedules import CosineSchedule
from keras_stylegan.networks import resolutions
from keras_stylegan.presets import NoisePreset
from keras_stylegan.systems.base import Probe, System, save_whole, take
from keras_stylegan.systems.checks import check_choice
from keras_stylegan.systems.gan_scores import build_scoring

PREVIEW_PICTURES = 32
PROBE_PICTURES = 16
# Nothing of this kind was ever trained at more; a slip of the keyboard would take all memory.
MAX_SIDE = 4096
# Of the picture that a network begins with: its first layer has a weight for each of its pixels, channels and latents.
MAX_FIRST = 64 * 64
# What a run leaves for inference, and for runs that begin with its weights.
GENERATOR_FILE, CRITIC_FILE, CODES_FILE = "generator.keras", "critic.keras", "code_reader.keras"
AUGMENTATIONS = ("none", "ada", "scheduled", "diffaugment")
# What `scheduled` does, and shares of its probability, as in R3GAN's code.
SCHEDULED = {"blit": 1.0, "geometry": 1.0, "colour": 0.5, "corruption": 1.0}
# Above about this, what pictures are without the augmentation cannot be told (Karras et al. 2020, section 2.1).
MAX_PROBABILITY = 0.85
# Losses whose critics call a picture real by a positive output. A relativistic critic does so by a greater output than
# that for a generated picture; the outputs of the others have another origin, or none.
SIGNED_LOSSES = ("minimax", "non_saturating", "hinge")


def open_batches(preset: NoisePreset) -> tuple[data.Batches, list[str]]:
    """The batches of a preset, and the classes as far as it asks for them."""
    _check_size(preset)
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


def _check_size(preset):
    if max(preset.size) > MAX_SIDE:
        raise ValueError(f"`size` must be at most {MAX_SIDE} pixels a side. Received: size={preset.size}")
    sizes = resolutions(preset.size)
    (height, width), name = sizes[0], getattr(preset, "network", "")
    if height * width > MAX_FIRST:
        raise ValueError(
            f"`size` must halve, while both sides are even, to at most {MAX_FIRST} pixels in all, on which networks "
            f"are dense. Received: size={preset.size}, which halves to {height}x{width}"
        )
    if name in ("progressive", "stylegan") and len(sizes) < 2:
        raise ValueError(
            f"`size` must be even on both sides and at least 8 pixels for network={name}, which grows. "
            f"Received: size={preset.size}"
        )


def build_augment(preset: NoisePreset) -> keras.layers.Layer | None:
    """The augmentation of everything that a preset's critic sees.

    Raises:
        ValueError: if it is unknown, or cannot work with the preset's loss, channels or target.
    """
    check_choice("augment", preset.augment, AUGMENTATIONS)
    # With the model's own seed it would draw the numbers of the latents a second time.
    seed = preset.seed + 1
    if preset.augment in ("none", "diffaugment"):
        return None if preset.augment == "none" else DiffAugment(seed=seed)
    if preset.channels == 4:
        raise ValueError(
            f"`augment` must be none or diffaugment for pictures with alpha. Received: augment={preset.augment}"
        )
    if preset.augment == "scheduled":
        if not preset.schedule_kimg or not 0 < preset.augment_probability <= MAX_PROBABILITY:
            raise ValueError(
                f"augment=scheduled needs a `schedule_kimg` and an `augment_probability` up to {MAX_PROBABILITY}. "
                f"Received: schedule_kimg={preset.schedule_kimg}, augment_probability={preset.augment_probability}"
            )
        schedule = CosineSchedule(0.0, preset.augment_probability, preset.schedule_kimg)
        return AdaptiveAugmentation(SCHEDULED, target=None, schedule=schedule, seed=seed)
    if preset.loss not in SIGNED_LOSSES and not preset.loss.startswith("relativistic"):
        raise ValueError(
            "`augment` must be none or diffaugment where the sign of the critic's output says nothing: ada needs one "
            f"of {', '.join(SIGNED_LOSSES)}, relativistic, relativistic_average. Received: augment=ada, "
            f"loss={preset.loss}"
        )
    if preset.augment_target >= 1:
        raise ValueError(f"`augment_target` must be below 1. Received: augment_target={preset.augment_target}")
    return AdaptiveAugmentation(target=preset.augment_target, speed_kimg=preset.augment_kimg, seed=seed)


def gan_system(preset: NoisePreset, model: ImageGAN, batches: data.Batches, facts: dict[str, Any]) -> System:
    """The system of a compiled GAN."""
    return System(
        model,
        batches,
        preview(model),
        lambda folder: save_gan(model, folder),
        facts,
        lambda: model.generator(*_example(model.generator)),
        probe(model, batches),
        scoring=build_scoring(preset, model, batches),
    )


def _example(generator):
    """A latent, and a class where there are any."""
    labels = np.eye(generator.num_classes, dtype="float32")[:1] if generator.num_classes else None
    return np.zeros((1, generator.latent_dim), "float32"), labels


def probe(model: ImageGAN, batches: data.Batches) -> Probe:
    """Fixed real pictures, and generated ones of fixed latents and the same classes, by the generator that trains.

    The critic joins in where the sign of its outputs means something.
    """
    taken = take(batches, PROBE_PICTURES)
    latents, labels = seeded_latents(range(PROBE_PICTURES), model.generator.latent_dim), model.labels(taken)

    def critic(images):
        return model.critic(images, labels)

    signed = model.loss_name in SIGNED_LOSSES
    return Probe(lambda: model.generator(latents, labels), taken["images"], critic if signed else None)


def save_gan(model: ImageGAN, folder: Path) -> None:
    """Writes the averaged generator, the critic and, of an InfoGAN, what reads codes from pictures."""
    save_whole(model.sampler, folder / GENERATOR_FILE)
    save_whole(model.critic, folder / CRITIC_FILE)
    if isinstance(model, InfoGAN):
        save_whole(model.code_reader, folder / CODES_FILE)


def preview(model: ImageGAN) -> Callable[[], np.ndarray]:
    """Always the same latents: a square of pictures, or a row for each class."""
    num_classes = model.generator.num_classes
    if not num_classes:
        return lambda: as_rgb(model.generate(range(PREVIEW_PICTURES)))
    columns = max(2, PREVIEW_PICTURES // num_classes)
    seeds = list(range(columns)) * num_classes
    labels = np.repeat(np.arange(num_classes), columns)

    def rows():
        pictures = as_rgb(model.generate(seeds, labels))
        return pictures.reshape(num_classes, columns, *pictures.shape[1:])

    return rows
