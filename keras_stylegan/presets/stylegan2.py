"""Settings of StyleGAN2."""

from __future__ import annotations

import dataclasses
import typing

from keras_stylegan.presets.noise import NoisePreset


@dataclasses.dataclass(frozen=True)
class StyleGAN2Preset(NoisePreset):
    """Pictures from noise by StyleGAN2 (`StyleGAN2` says what the options of training are).

    The relativistic loss has R2 beside R1. A run that begins with one of smaller pictures, with the same
    `channel_base`, leaves the last stages to learn.

    Attributes:
        channel_base: channels times resolution, at most.
        channel_max: channels at most.
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
        gamma: weight of R1; 0 stands for 0.0002 * height * width / batch_size.
        final_gamma: at the end of the schedule; 0 stands for that of the beginning.
        path_length_weight: weight of the path length penalty; 0 for none.
        path_length_every: it is taken on one generator update in so many.
        mixing_probability: share of pictures made of two styles.
    """

    latent_dim: int = 512
    penalty_every: int = 16
    learning_rate: float = 2.5e-3
    critic_learning_rate: float = 2.5e-3
    beta_1: float = 0.0
    beta_2: float = 0.99
    final_learning_rate: float = 2.5e-4
    channel_base: int = 16384
    channel_max: int = 512
    style_dim: int = 512
    mapping_layers: int = 2
    critic: str = "stylegan2"
    critic_backbone_weights: str = ""
    critic_backbone_frozen: int = 1
    perceptual: str = "compact"
    critic_filters: int = 16
    residual: int = 1
    group_size: int = 4
    gamma: float = 0.0
    final_gamma: float = 0.0
    path_length_weight: float = 2.0
    path_length_every: int = 4
    mixing_probability: float = 0.9

    system: typing.ClassVar[str] = "stylegan2"
