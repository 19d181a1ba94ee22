"""From a preset to a generator of pictures and its critic, ready to train."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras

from keras_stylegan.losses import ADVERSARIAL_LOSSES
from keras_stylegan.models.info_gan import InfoGAN
from keras_stylegan.models.noise_to_image import NoiseToImage
from keras_stylegan.models.progressive import ProgressiveGAN
from keras_stylegan.models.schedules import CosineSchedule, PerUpdate, ScheduledAdam
from keras_stylegan.models.stylegan import StyleGAN
from keras_stylegan.presets import GANPreset, InfoGANPreset, ProgressivePreset, StyleGANPreset
from keras_stylegan.systems.base import System, jit_compile
from keras_stylegan.systems.checks import check_choice, check_critic_steps
from keras_stylegan.systems.gan_beginning import start_from
from keras_stylegan.systems.gan_networks import FAMILIES, NETWORKS, UNUSED
from keras_stylegan.systems.gan_parts import build_augment, gan_system, open_batches


def build_gan(preset: GANPreset) -> System:
    """A GAN on the pictures of a folder, zip or npz file.

    Raises:
        ValueError: if a setting breaks its rule, or `data` or `start_from` cannot be used.
    """
    check_gan(preset)
    batches, classes = open_batches(preset)
    model = untrained_gan(preset, len(classes))
    facts = {"pictures": batches.num_images, "classes": classes, **start_from(preset, model, classes)}
    compile_gan(model, preset)
    return gan_system(model, batches, facts)


def check_gan(preset: GANPreset) -> None:
    """Checks the settings that belong together, before anything is built."""
    choices = {
        "network": FAMILIES[preset.system],
        "conditioning": ("projection", "embedding"),
        "loss": tuple(ADVERSARIAL_LOSSES),
        "optimizer": tuple(OPTIMIZERS),
    }
    for name, valid in choices.items():
        check_choice(name, getattr(preset, name), valid)
    if isinstance(preset, InfoGANPreset) and preset.classes:
        raise ValueError(
            f"`classes` must be empty for InfoGAN, which finds its own. Received: classes={preset.classes}"
        )
    check_critic_steps(preset)
    for name in UNUSED[preset.network]:
        default = next(field.default for field in dataclasses.fields(preset) if field.name == name)
        if getattr(preset, name) != default:
            raise ValueError(f"`{name}` is not for network={preset.network}. Received: {name}={getattr(preset, name)}")
    if 0 < preset.decay_kimg < preset.kimg:
        raise ValueError(
            "`decay_kimg` must be 0 or at least `kimg`: at a learning rate of 0 nothing is learnt. "
            f"Received: decay_kimg={preset.decay_kimg}, kimg={preset.kimg}"
        )


def untrained_gan(preset: GANPreset, num_classes: int = 0) -> NoiseToImage:
    """The model of a preset, with built networks, not compiled.

    Raises:
        ValueError: if a setting breaks its rule.
    """
    options = training_options(preset)
    generator, critic = NETWORKS[preset.network](preset, num_classes)
    for network in (generator, critic):
        network.build()
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
        "augment": build_augment(preset),
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
