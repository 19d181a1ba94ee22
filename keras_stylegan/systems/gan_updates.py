"""How a GAN from noise is updated: the loss, schedules, optimizers, the average."""

from __future__ import annotations

import keras

from keras_stylegan.losses import ADVERSARIAL_LOSSES
from keras_stylegan.models.image_gan import ImageGAN
from keras_stylegan.models.schedules import CosineSchedule, HeadStart, LinearDecay, PerUpdate, ScheduledAdam
from keras_stylegan.presets import NoisePreset
from keras_stylegan.systems.base import jit_compile
from keras_stylegan.systems.checks import check_choice


def check_update_settings(preset: NoisePreset) -> None:
    """Checks the settings of `compile_gan`, before anything is built.

    Raises:
        ValueError: if a setting breaks its rule.
    """
    check_choice("loss", preset.loss, tuple(ADVERSARIAL_LOSSES))
    check_choice("optimizer", preset.optimizer, tuple(OPTIMIZERS))
    if 0 < preset.decay_kimg < preset.kimg:
        raise ValueError(
            "`decay_kimg` must be 0 or at least `kimg`: at a learning rate of 0 nothing is learnt. "
            f"Received: decay_kimg={preset.decay_kimg}, kimg={preset.kimg}"
        )
    if preset.head_start_kimg >= preset.kimg:
        raise ValueError(
            "`head_start_kimg` must be below `kimg`: before, the generator does not learn. "
            f"Received: head_start_kimg={preset.head_start_kimg}, kimg={preset.kimg}"
        )
    if preset.decay_kimg and preset.schedule_kimg:
        raise ValueError(
            "Learning rates must follow one course: `decay_kimg` or `schedule_kimg`. "
            f"Received: decay_kimg={preset.decay_kimg}, schedule_kimg={preset.schedule_kimg}"
        )


def scheduled(preset: NoisePreset, start: float, end: float) -> float | CosineSchedule:
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


def compile_gan(model: ImageGAN, preset: NoisePreset) -> None:
    """Gives the model its optimizers, its average and its way of updating."""
    rates = {"generator": preset.learning_rate, "critic": preset.critic_learning_rate}
    optimizers = {}
    for player in model.players():
        images, rate = preset.batch_size / player.steps, rates[player.name]
        if preset.decay_kimg:
            rate = LinearDecay(rate, 0.0, preset.decay_kimg)
        else:
            rate = scheduled(preset, rate, preset.final_learning_rate)
        if preset.head_start_kimg and player.name == "generator":
            rate = HeadStart(rate, preset.head_start_kimg)
        rate = PerUpdate(rate, images) if callable(rate) else rate
        optimizers[player.name] = OPTIMIZERS[preset.optimizer](rate, preset, images)
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
