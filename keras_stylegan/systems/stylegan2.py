"""From a preset to a StyleGAN2, ready to train."""

from __future__ import annotations

import keras
import numpy as np

from keras_stylegan.models.stylegan2 import StyleGAN2, r1_gamma
from keras_stylegan.networks import (
    TRUNKS,
    BackboneCritic,
    ProjectedCritic,
    StyleGAN2Critic,
    StyleGAN2Generator,
    build_perceptual,
)
from keras_stylegan.presets import StyleGAN2Preset
from keras_stylegan.systems.base import System
from keras_stylegan.systems.checks import check_backbone, check_choice
from keras_stylegan.systems.gan_beginning import start_from
from keras_stylegan.systems.gan_parts import build_augment, gan_system, open_batches
from keras_stylegan.systems.gan_updates import check_update_settings, compile_gan, scheduled

CRITICS = ("stylegan2", "projected", *TRUNKS)


def build_stylegan2(preset: StyleGAN2Preset) -> System:
    """StyleGAN2 as the preset says.

    Raises:
        ValueError: if a setting breaks its rule, or `data` or `start_from` cannot be used.
    """
    batches, classes = open_batches(preset)
    model = untrained_stylegan2(preset, len(classes))
    taken = start_from(preset, model, classes)
    compile_gan(model, preset)
    facts = {
        "pictures": batches.num_images,
        "classes": classes,
        **taken,
        "gamma": _gamma(preset),
        "generator_parameters": parameters(model.generator),
        "critic_parameters": parameters(model.critic),
    }
    return gan_system(preset, model, batches, facts)


def untrained_stylegan2(preset: StyleGAN2Preset, num_classes: int = 0) -> StyleGAN2:
    """The model of a preset, with built networks, not compiled.

    Raises:
        ValueError: if a setting breaks its rule.
    """
    check_update_settings(preset)
    check_choice("critic", preset.critic, CRITICS)
    check_backbone(preset, "critic", "critic_backbone")
    _check_penalty(preset)
    augment = build_augment(preset)
    shared = {
        "size": preset.size,
        "channels": preset.channels,
        "channel_base": preset.channel_base,
        "channel_max": preset.channel_max,
        "mapping_layers": preset.mapping_layers,
        "num_classes": num_classes,
    }
    generator = StyleGAN2Generator(**shared, latent_dim=preset.latent_dim, style_dim=preset.style_dim)
    critic = _critic(preset, shared, num_classes)
    for network in (generator, critic):
        network.build()
    return StyleGAN2(
        generator,
        critic,
        loss=preset.loss,
        gamma=scheduled(preset, _gamma(preset), preset.final_gamma or _gamma(preset)),
        penalize_fakes=preset.loss.startswith("relativistic"),
        penalty_every=preset.penalty_every,
        path_length_weight=preset.path_length_weight,
        path_length_every=preset.path_length_every,
        mixing_probability=preset.mixing_probability,
        augment=augment,
        frozen_blocks=preset.frozen_blocks,
        rotation_weights=preset.rotation_weights,
        seed=preset.seed,
    )


def _critic(preset, shared, num_classes):
    if preset.critic == "stylegan2":
        return StyleGAN2Critic(**shared, residual=bool(preset.residual), group_size=preset.group_size)
    if preset.channels != 3:
        raise ValueError(f"`channels` must be 3 for a critic of {preset.critic}. Received: channels={preset.channels}")
    if preset.critic in TRUNKS:
        return _backbone_critic(preset, num_classes)
    features = build_perceptual(preset.perceptual, dtype=None)
    return ProjectedCritic(features, preset.size, preset.critic_filters, num_classes)


def _backbone_critic(preset, num_classes):
    critic = BackboneCritic(
        preset.critic,
        weights=preset.critic_backbone_weights or None,
        frozen=bool(preset.critic_backbone_frozen),
        filters=preset.critic_filters,
        num_classes=num_classes,
    )
    if min(preset.size) < critic.min_side:
        raise ValueError(
            f"`size` must be at least {critic.min_side} for a critic of {preset.critic}. Received: size={preset.size}"
        )
    return critic


def _check_penalty(preset):
    """Raises a ValueError for a gradient penalty, or a loss that needs one, with a critic that takes none."""
    if preset.final_gamma and not preset.schedule_kimg:
        raise ValueError(f"`final_gamma` needs a `schedule_kimg`. Received: final_gamma={preset.final_gamma}")
    if preset.critic == "stylegan2":
        return
    for name in ("gamma", "final_gamma"):
        if value := getattr(preset, name):
            raise ValueError(f"`{name}` must be 0 for a critic of {preset.critic}, without R1. Received: {value}")
    if preset.loss.startswith("relativistic"):
        raise ValueError(
            f"`loss` must not be relativistic, which needs R1 and R2, for a critic of {preset.critic}, without them. "
            f"Received: loss={preset.loss}"
        )


def _gamma(preset):
    if preset.critic != "stylegan2":
        return 0.0  # its layers are normalised, and a classifier's gradients are not what R1 should flatten
    return preset.gamma or r1_gamma(preset.size, preset.batch_size)


def parameters(network: keras.Model) -> int:
    """Trainable parameters, frozen ones included."""
    return sum(int(np.prod(v.shape)) for v in network.weights if v.name not in ("mean_styles", "constant_noise"))
