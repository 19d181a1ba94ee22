"""The networks of translators and their critics, by the names that presets have for them."""

from __future__ import annotations

import keras

from keras_stylegan.layers.conv_blocks import NORMALIZATIONS, UPSAMPLINGS
from keras_stylegan.losses import ADVERSARIAL_LOSSES
from keras_stylegan.networks import (
    TRUNKS,
    BackboneCritic,
    BackboneUNet,
    DenseNetTranslator,
    PatchGANCritic,
    ResNetTranslator,
    UNetTranslator,
    VNetTranslator,
)
from keras_stylegan.networks.backbone_trunk import LEVELS
from keras_stylegan.presets import TranslationPreset
from keras_stylegan.systems.checks import check_backbone, check_choice, check_critic_steps

PATCH = "patch"
# Halvings of a V-Net.
_VNET_DEPTH = 4


def _unet(preset):
    return UNetTranslator(
        preset.depth,
        preset.filters,
        8 * preset.filters,
        normalization=preset.normalization,
        dropout=preset.dropout,
        upsample=preset.upsample,
    )


def _vnet(preset):
    # As deep as the paper's at most: with the 8 halvings and 16 times the filters, 5x5 kernels have a billion weights.
    counts = [min(i + 1, 3) for i in range(min(preset.depth, _VNET_DEPTH) + 1)]
    return VNetTranslator(counts, preset.filters, 8 * preset.filters, normalization=preset.normalization)


def _resnet(preset):
    return ResNetTranslator(
        preset.num_blocks, preset.filters, normalization=preset.normalization, upsample=preset.upsample
    )


def _densenet(preset):
    return DenseNetTranslator(
        preset.num_blocks, filters=preset.filters, normalization=preset.normalization, upsample=preset.upsample
    )


def _backbone(preset):
    levels, weights = min(preset.depth, LEVELS), preset.backbone_weights or None
    return BackboneUNet(preset.network, levels, weights, bool(preset.backbone_frozen), preset.filters)


TRANSLATORS = {
    **{"unet": _unet, "vnet": _vnet, "resnet": _resnet, "densenet": _densenet},
    **dict.fromkeys(TRUNKS, _backbone),
}

_CHOICES = {
    "network": TRANSLATORS,
    "critic": (PATCH, *TRUNKS),
    "normalization": NORMALIZATIONS,
    "critic_normalization": NORMALIZATIONS,
    "upsample": UPSAMPLINGS,
    "loss": ADVERSARIAL_LOSSES,
}


def check_translation(preset: TranslationPreset) -> None:
    """Checks the settings that belong together, before anything is built."""
    for name, valid in _CHOICES.items():
        check_choice(name, getattr(preset, name), valid)
    if preset.penalty_weight and preset.critic_normalization == "batch":
        raise ValueError(
            "`critic_normalization` must not be batch with a `penalty_weight`, which is about each picture alone. "
            f"Received: critic_normalization=batch, penalty_weight={preset.penalty_weight}"
        )
    check_backbone(preset, "network", "backbone")
    check_backbone(preset, "critic", "critic_backbone")
    if preset.penalty_weight and preset.critic in TRUNKS and not preset.critic_backbone_frozen:
        raise ValueError(
            "`critic_backbone_frozen` must be 1 with a `penalty_weight`, which is about each picture alone, and not "
            f"about the batches of a classifier's batch norms. Received: 0, penalty_weight={preset.penalty_weight}"
        )
    check_critic_steps(preset)


def build_translator(preset: TranslationPreset) -> keras.Model:
    """A built translator, which must fit the size of the training pictures."""
    network = TRANSLATORS[preset.network](preset)
    if any(side % network.stride for side in preset.size):
        raise ValueError(
            f"`size` must be multiples of {network.stride} for this {preset.network}{_lower(preset, network)}. "
            f"Received: size={preset.size}"
        )
    _check_size(preset, network, f"`network` of {preset.network}")
    network.build()
    return network


def _lower(preset, network):
    """Which setting makes the multiple smaller, where one does."""
    deep = preset.network not in ("resnet", "densenet") and network.stride == 2**preset.depth
    return f", or `depth` lower than {preset.depth}" if deep else ""


def build_critic(preset: TranslationPreset, condition_channels: int = 0) -> PatchGANCritic | BackboneCritic:
    """A built critic; one that looks through a classifier has no condition."""
    if preset.critic == PATCH:
        critic = PatchGANCritic(
            preset.receptive_field,
            preset.critic_filters,
            condition_channels=condition_channels,
            normalization=preset.critic_normalization,
        )
        _check_size(preset, critic, f"`receptive_field` of {preset.receptive_field}")
    else:
        critic = BackboneCritic(
            preset.critic,
            weights=preset.critic_backbone_weights or None,
            frozen=bool(preset.critic_backbone_frozen),
            filters=preset.critic_filters,
        )
        _check_size(preset, critic, f"`critic` of {preset.critic}")
    critic.build()
    return critic


def _check_size(preset, network, what):
    smallest = getattr(network, "min_side", 1)
    if min(preset.size) < smallest:
        raise ValueError(f"`size` must be at least {smallest} for a {what}. Received: size={preset.size}")
