"""Settings of the generators of pictures from noise."""

from __future__ import annotations

import dataclasses
import typing

from keras_stylegan.presets.base import Preset


@dataclasses.dataclass(frozen=True)
class GANPreset(Preset):
    """A generator of pictures from noise (`NoiseToImage` says what the options of training are).

    Attributes:
        data: folder, zip or npz of pictures; in folders by class, or with labels, they may be classes.
        size: height and width of the pictures, in pixels.
        channels: 1 (grey), 3 (RGB) or 4 (RGB and alpha).
        scale: pictures are cut from windows of this share (low, high) of the largest that fits.
        flip: 1 mirrors half of the pictures, 0 none.
        classes: folders that are classes, with commas between, `all`, or empty for pictures without classes.
        conditioning: how classes enter the critic: `projection` or `embedding`.
        network: family of the networks.
        latent_dim: numbers in a latent.
        filters: channels at the full size.
        max_filters: channels at most.
        generator_normalization: of the generator's network, `batch` or `none`.
        critic_normalization: of the critic's network, `batch`, `spectral` or `none`.
        loss: `minimax`, `non_saturating`, `least_squares`, `wasserstein`, `hinge`, `relativistic` or
            `relativistic_average`.
        penalties: penalties of the critic by name and weight: `r1`, `r2`, `gradient_penalty`, `drift`.
        penalty_every: gradient penalties are taken on one critic update in so many.
        critic_steps: critic updates in a step, which share the batch.
        weight_limit: the critic's weights are clipped to it; 0 clips none.
        updates: `alternating` or `simultaneous`.
        rotation_weights: of the self-supervised rotations, critic's and generator's; 0,0 leaves them out.
        optimizer: `adam` or `rmsprop`.
        learning_rate: of the generator.
        critic_learning_rate: of the critic.
        decay_kimg: learning rates fall to 0 along a line over so many thousands of images, at least `kimg`; 0 keeps
            them.
        beta_1: first decay rate of Adam.
        beta_2: second decay rate of Adam.
        clip_norm: limit of the global norm of a gradient; 0 clips none.
        ema_half_life_kimg: half-life of the averaged generator, in thousands of images.
        ema_ramp_up: the half-life is at most this share of the images seen; 0 sets no such limit.
        schedule_kimg: thousands of images in which settings move to their final values along half a cosine; 0 keeps
            them.
        final_learning_rate: of both players.
        final_beta_2: of Adam.
        final_penalties: weights of penalties, by name.
        final_ema_half_life_kimg: half-life of the averaged generator.
        augment: what is done to everything that the critic sees: `none`, `ada` (with a probability that follows the
            critic's overfitting) or `diffaugment` (always).
        augment_target: mean sign of the critic's outputs on real pictures that `ada` holds.
        augment_kimg: thousands of images in which `ada` may go from probability 0 to 1.
        start_from: run directory, or packaged generator, whose weights to begin with; empty begins anew.
        frozen_blocks: blocks of the critic, from the picture inwards, that do not train.
    """

    data: str = ""
    size: tuple[int, int] = (64, 64)
    channels: int = 3
    scale: tuple[float, float] = (1.0, 1.0)
    flip: int = 1
    classes: str = ""
    conditioning: str = "projection"
    network: str = "dcgan"
    latent_dim: int = 100
    filters: int = 64
    max_filters: int = 512
    generator_normalization: str = "batch"
    critic_normalization: str = "batch"
    loss: str = "non_saturating"
    penalties: dict[str, float] = dataclasses.field(default_factory=dict)
    penalty_every: int = 1
    critic_steps: int = 1
    weight_limit: float = 0.0
    updates: str = "alternating"
    rotation_weights: tuple[float, float] = (0.0, 0.0)
    optimizer: str = "adam"
    learning_rate: float = 2e-4
    critic_learning_rate: float = 2e-4
    decay_kimg: float = 0.0
    beta_1: float = 0.5
    beta_2: float = 0.999
    clip_norm: float = 0.0
    ema_half_life_kimg: float = 10.0
    ema_ramp_up: float = 0.05
    schedule_kimg: float = 0.0
    final_learning_rate: float = 5e-5
    final_beta_2: float = 0.99
    final_penalties: dict[str, float] = dataclasses.field(default_factory=dict)
    final_ema_half_life_kimg: float = 10.0
    augment: str = "none"
    augment_target: float = 0.6
    augment_kimg: float = 500.0
    start_from: str = ""
    frozen_blocks: int = 0

    system: typing.ClassVar[str] = "gan"
    sources: typing.ClassVar[tuple[str, ...]] = ("data",)


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


@dataclasses.dataclass(frozen=True)
class StyleGAN2Preset(Preset):
    """Pictures from noise by StyleGAN2 (`StyleGAN2` says what the options of training are).

    Attributes:
        data: folder, zip or npz of pictures.
        size: height and width of the pictures, in pixels.
        channels: 1 (grey), 3 (RGB) or 4 (RGB and alpha).
        classes: folders that are classes, with commas between, `all`, or empty for pictures without classes.
        scale: pictures are cut from windows of this share (low, high) of the largest that fits.
        flip: 1 mirrors half of the pictures, 0 none.
        channel_base: channels times resolution, at most.
        channel_max: channels at most.
        latent_dim: numbers in a latent.
        style_dim: numbers in a style.
        mapping_layers: fully connected layers from latent to style.
        critic: `stylegan2`; `projected`, which looks through a frozen perceptual network; or a classifier of
            keras.applications through which small heads look: `densenet121`, `inception_v3`, `mobilenet` or `resnet50`.
            The last two take no R1.
        critic_backbone_weights: of such a classifier: empty for random ones, `imagenet` (downloaded where not cached),
            or a local file.
        critic_backbone_frozen: 1 trains the heads alone, 0 the classifier too.
        perceptual: the perceptual network: `compact`, `vgg16`, `vgg19`, or an .npz file.
        critic_filters: channels of the projected critic at the full size, doubled at each half of it; or of a
            classifier's heads.
        residual: 1 for the residual critic, 0 for the plain one.
        group_size: pictures whose deviation the critic sees; 0 for none.
        loss: `non_saturating`, `relativistic` (with R2 beside R1), or another adversarial loss.
        gamma: weight of R1; 0 stands for 0.0002 * height * width / batch_size.
        penalty_every: R1 and R2 are taken on one critic update in so many.
        path_length_weight: weight of the path length penalty; 0 for none.
        path_length_every: it is taken on one generator update in so many.
        mixing_probability: share of pictures made of two styles.
        learning_rate: of the generator.
        critic_learning_rate: of the critic.
        ema_half_life_kimg: half-life of the averaged generator, in thousands of images.
        ema_ramp_up: the half-life is at most this share of the images seen; 0 sets no such limit.
        augment: what is done to everything that the critic sees: `none`, `ada` (with a probability that follows the
            critic's overfitting) or `diffaugment` (always).
        augment_target: mean sign of the critic's outputs on real pictures that `ada` holds.
        augment_kimg: thousands of images in which `ada` may go from probability 0 to 1.
        start_from: run directory, or packaged generator, whose weights to begin with; empty begins anew. A run of
            smaller pictures, with the same `channel_base`, leaves the last stages to learn.
        frozen_blocks: blocks of the critic, from the picture inwards, that do not train.
    """

    data: str = ""
    size: tuple[int, int] = (64, 64)
    channels: int = 3
    classes: str = ""
    scale: tuple[float, float] = (1.0, 1.0)
    flip: int = 1
    channel_base: int = 16384
    channel_max: int = 512
    latent_dim: int = 512
    style_dim: int = 512
    mapping_layers: int = 2
    critic: str = "stylegan2"
    critic_backbone_weights: str = ""
    critic_backbone_frozen: int = 1
    perceptual: str = "compact"
    critic_filters: int = 16
    residual: int = 1
    group_size: int = 4
    loss: str = "non_saturating"
    gamma: float = 0.0
    penalty_every: int = 16
    path_length_weight: float = 2.0
    path_length_every: int = 4
    mixing_probability: float = 0.9
    learning_rate: float = 2.5e-3
    critic_learning_rate: float = 2.5e-3
    ema_half_life_kimg: float = 10.0
    ema_ramp_up: float = 0.05
    augment: str = "none"
    augment_target: float = 0.6
    augment_kimg: float = 500.0
    start_from: str = ""
    frozen_blocks: int = 0

    system: typing.ClassVar[str] = "stylegan2"
    sources: typing.ClassVar[tuple[str, ...]] = ("data",)
