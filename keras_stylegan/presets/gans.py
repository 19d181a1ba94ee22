"""Settings of the classic generators of pictures from noise, and of R3GAN."""

from __future__ import annotations

import dataclasses
import typing

from keras_stylegan.presets.noise import NoisePreset


@dataclasses.dataclass(frozen=True)
class GANPreset(NoisePreset):
    """A generator of pictures from noise (`NoiseToImage` says what the options of training are).

    Attributes:
        conditioning: how classes enter the critic: `projection` or `embedding`.
        network: family of the networks.
        filters: channels at the full size.
        max_filters: channels at most.
        generator_normalization: of the generator's network, `batch` or `none`.
        critic_normalization: of the critic's network, `batch`, `spectral` or `none`.
        penalties: penalties of the critic by name and weight: `r1`, `r2`, `gradient_penalty`, `drift`.
        final_penalties: weights of penalties at the end of the schedule, by name.
        critic_steps: critic updates in a step, which share the batch.
        weight_limit: the critic's weights are clipped to it; 0 clips none.
    """

    conditioning: str = "projection"
    network: str = "dcgan"
    filters: int = 64
    max_filters: int = 512
    generator_normalization: str = "batch"
    critic_normalization: str = "batch"
    penalties: dict[str, float] = dataclasses.field(default_factory=dict)
    final_penalties: dict[str, float] = dataclasses.field(default_factory=dict)
    critic_steps: int = 1
    weight_limit: float = 0.0

    system: typing.ClassVar[str] = "gan"


@dataclasses.dataclass(frozen=True)
class R3GANPreset(GANPreset):
    """R3GAN: the relativistic pair under R1 and R2, bottleneck networks without normalisation.

    Attributes:
        group_width: channels of a group of the grouped convolutions.
    """

    group_width: int = 16

    system: typing.ClassVar[str] = "r3gan"


@dataclasses.dataclass(frozen=True)
class InfoGANPreset(GANPreset):
    """InfoGAN: codes that are to be read back from the pictures.

    Attributes:
        categories: of the categorical code.
        continuous: continuous codes.
        code_weight: lambda of the categorical code.
        continuous_weight: lambda of the continuous codes.
    """

    categories: int = 10
    continuous: int = 2
    code_weight: float = 1.0
    continuous_weight: float = 0.1

    system: typing.ClassVar[str] = "infogan"


@dataclasses.dataclass(frozen=True)
class ProgressivePreset(GANPreset):
    """Progressive growing: sizes take turns.

    Attributes:
        stable_kimg: thousands of images at each size alone.
        fade_kimg: thousands of images of each transition.
    """

    stable_kimg: float = 600.0
    fade_kimg: float = 600.0

    system: typing.ClassVar[str] = "progressive"


@dataclasses.dataclass(frozen=True)
class StyleGANPreset(ProgressivePreset):
    """StyleGAN: a mapping network and AdaIN.

    Attributes:
        style_dim: size of w.
        mapping_layers: of the mapping network.
        mixing_probability: share of pictures made of two styles.
    """

    style_dim: int = 512
    mapping_layers: int = 8
    mixing_probability: float = 0.9

    system: typing.ClassVar[str] = "stylegan"
