"""The families of networks of GANs from noise: a generator and its critic, as a preset sizes them."""

from __future__ import annotations

from keras_stylegan.networks import (
    CodedGenerator,
    DCGANCritic,
    DCGANGenerator,
    ProgressiveCritic,
    ProgressiveGenerator,
    R3GANCritic,
    R3GANGenerator,
    ResNetCritic,
    ResNetGenerator,
    StyleGANGenerator,
)
from keras_stylegan.presets import GANPreset, InfoGANPreset, R3GANPreset, StyleGANPreset


def dcgan_networks(preset: GANPreset, num_classes: int) -> tuple[DCGANGenerator, DCGANCritic]:
    """Transposed and strided convolutions."""
    widths = (preset.filters, preset.max_filters)
    generator = DCGANGenerator(
        preset.size, preset.channels, preset.latent_dim, *widths, preset.generator_normalization, num_classes
    )
    critic = DCGANCritic(
        preset.size, preset.channels, *widths, preset.critic_normalization, num_classes, preset.conditioning
    )
    return generator, critic


def resnet_networks(preset: GANPreset, num_classes: int) -> tuple[ResNetGenerator, ResNetCritic]:
    """Residual blocks; `filters` are the generator's, `max_filters` the critic's."""
    normalization = preset.generator_normalization
    generator = ResNetGenerator(
        preset.size, preset.channels, preset.latent_dim, preset.filters, normalization, num_classes
    )
    critic = ResNetCritic(preset.size, preset.channels, preset.max_filters, preset.critic_normalization, num_classes)
    return generator, critic


def r3gan_networks(preset: R3GANPreset, num_classes: int) -> tuple[R3GANGenerator, R3GANCritic]:
    """Grouped inverted bottlenecks."""
    widths = (preset.filters, preset.max_filters, preset.group_width, num_classes)
    generator = R3GANGenerator(preset.size, preset.channels, preset.latent_dim, *widths)
    return generator, R3GANCritic(preset.size, preset.channels, *widths)


def progressive_networks(preset: GANPreset, num_classes: int) -> tuple[ProgressiveGenerator, ProgressiveCritic]:
    """Networks that grow, in one static graph."""
    widths = {"filters": preset.filters, "max_filters": preset.max_filters, "num_classes": num_classes}
    generator = ProgressiveGenerator(preset.size, preset.channels, preset.latent_dim, **widths)
    return generator, ProgressiveCritic(preset.size, preset.channels, **widths)


def stylegan_networks(preset: StyleGANPreset, num_classes: int) -> tuple[StyleGANGenerator, ProgressiveCritic]:
    """Mapping and AdaIN against the critic that grows."""
    widths = {"filters": preset.filters, "max_filters": preset.max_filters, "num_classes": num_classes}
    latents = (preset.latent_dim, preset.style_dim, preset.mapping_layers)
    generator = StyleGANGenerator(preset.size, preset.channels, *latents, **widths)
    return generator, ProgressiveCritic(preset.size, preset.channels, **widths)


def coded_networks(preset: InfoGANPreset, num_classes: int) -> tuple[CodedGenerator, DCGANCritic]:
    """DCGAN's networks under codes."""
    generator, critic = dcgan_networks(preset, num_classes)
    return CodedGenerator(generator, (preset.categories,), preset.continuous), critic


NETWORKS = {
    "dcgan": dcgan_networks,
    "coded": coded_networks,
    "progressive": progressive_networks,
    "r3gan": r3gan_networks,
    "resnet": resnet_networks,
    "stylegan": stylegan_networks,
}
_NORMALIZATIONS = ("generator_normalization", "critic_normalization")
# Settings that networks have no use for.
UNUSED = {
    "dcgan": (),
    "coded": ("conditioning",),
    "progressive": ("conditioning", *_NORMALIZATIONS),
    "r3gan": ("conditioning", *_NORMALIZATIONS),
    "resnet": ("conditioning",),
    "stylegan": ("conditioning", *_NORMALIZATIONS),
}
# The families that a system can train: the others want settings that its preset does not have.
FAMILIES = {
    "gan": ("dcgan", "resnet"),
    "r3gan": ("r3gan", "dcgan", "resnet"),
    "infogan": ("coded",),
    "progressive": ("progressive",),
    "stylegan": ("stylegan",),
}
