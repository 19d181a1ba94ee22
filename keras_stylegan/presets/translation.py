"""Settings of the systems that turn pictures into pictures."""

from __future__ import annotations

import dataclasses
import typing

from keras_stylegan.presets.base import Preset


@dataclasses.dataclass(frozen=True)
class TranslationPreset(Preset):
    """What translators have in common.

    Attributes:
        data: pictures of A and B: a folder or zip with `A/` and `B/` (or `trainA/` and `trainB/`); or those of A alone.
        data_b: pictures of B, where `data` holds those of A alone.
        size: height and width of the training pictures, in pixels.
        scale: pictures are cut from windows of this share (low, high) of the largest that fits.
        flip: 1 mirrors half of the pictures, 0 none.
        network: family of the translators: `unet`, `vnet`, `resnet`, `densenet`, or a classifier of keras.applications
            that becomes a U-Net's encoder: `densenet121`, `inception_v3`, `mobilenet` or `resnet50`.
        backbone_weights: of such a classifier: empty for random ones, `imagenet` (downloaded where not cached), or a
            local file.
        backbone_frozen: 1 leaves the classifier as it is, 0 trains it too.
        filters: channels of the translators' first convolution; a `vnet`, with its 5x5 kernels, wants fewer.
        depth: halvings of a `unet`, of a `vnet` (at most 4) or of a classifier (at most 5).
        num_blocks: residual or dense blocks of a `resnet` or `densenet`.
        normalization: of the translators, but for a classifier's: `batch`, `instance`, `affine_instance` or `none`.
            `batch` wants larger batches than of one picture, whose statistics are not those that it is used with.
        upsample: how translators double a size: `transposed` or `resize` (`vnet` and classifiers have their own way).
        dropout: share of values left out in the innermost steps of a `unet` back.
        critic: `patch`, or a classifier of keras.applications (names as of `network`) through which small heads look
            at whole pictures; in pix2pix such a critic does not see the picture that comes in.
        critic_backbone_weights: of such a classifier, as `backbone_weights`.
        critic_backbone_frozen: 1 trains the heads alone, 0 the classifier too.
        receptive_field: width of the patches that critics score, in pixels: 1, 16, 34, 70, 142 or 286.
        critic_filters: channels of the critics' first convolution, or of their heads.
        critic_normalization: of `patch` critics; `none` for a gradient penalty.
        loss: name of the adversarial loss.
        adversarial_weight: of the translators' adversarial terms.
        critic_weight: of the critics' adversarial terms.
        penalty_weight: of the critics' gradient penalty; 0 for none.
        critic_steps: critic updates in a step, which share the batch.
        learning_rate: of the translators.
        critic_learning_rate: of the critics.
        beta_1: first decay rate of Adam.
        beta_2: second decay rate of Adam.
        decay_share: share of `kimg`, at the end, in which learning rates fall to 0 along a line; 0 keeps them.
    """

    data: str = ""
    data_b: str = ""
    size: tuple[int, int] = (256, 256)
    # Of a picture brought to 286 pixels, 256.
    scale: tuple[float, float] = (0.895, 0.895)
    flip: int = 1
    network: str = "resnet"
    backbone_weights: str = ""
    backbone_frozen: int = 0
    filters: int = 64
    depth: int = 8
    num_blocks: int = 9
    normalization: str = "instance"
    upsample: str = "resize"
    dropout: float = 0.5
    critic: str = "patch"
    critic_backbone_weights: str = ""
    critic_backbone_frozen: int = 1
    receptive_field: int = 70
    critic_filters: int = 64
    critic_normalization: str = "instance"
    loss: str = "least_squares"
    adversarial_weight: float = 1.0
    critic_weight: float = 1.0
    penalty_weight: float = 0.0
    critic_steps: int = 1
    learning_rate: float = 2e-4
    critic_learning_rate: float = 2e-4
    beta_1: float = 0.5
    beta_2: float = 0.999
    decay_share: float = 0.0

    sources: typing.ClassVar[tuple[str, ...]] = ("data",)


@dataclasses.dataclass(frozen=True)
class Pix2PixPreset(TranslationPreset):
    """Translation learnt from pairs (`Pix2Pix` says what the loss terms are).

    `data` may also be pictures that hold both, A on the left and B on the right.

    Attributes:
        direction: `a_to_b` or `b_to_a`.
        reconstruction_weight: lambda of L1.
        adversarial_weight: of the adversarial term; 0 trains no critic, by L1 alone.
        ema_half_life_kimg: half-life of the averaged translator, in thousands of images, at most 1/20 of the images
            seen; 0 averages nothing.
    """

    direction: str = "a_to_b"
    network: str = "unet"
    normalization: str = "affine_instance"
    upsample: str = "transposed"
    critic_normalization: str = "affine_instance"
    loss: str = "non_saturating"
    critic_weight: float = 0.5
    reconstruction_weight: float = 100.0
    ema_half_life_kimg: float = 0.0

    system: typing.ClassVar[str] = "pix2pix"


@dataclasses.dataclass(frozen=True)
class CycleGANPreset(TranslationPreset):
    """Translation between two sets without pairs (`CycleGAN` says what the loss terms are).

    Attributes:
        cycle_weight: of the way there and back.
        identity_weight: of a picture that is already in the set.
        history_size: earlier pictures held for each critic; 0 for none.
    """

    adversarial_weight: float = 2.0
    cycle_weight: float = 10.0
    identity_weight: float = 5.0
    history_size: int = 50

    system: typing.ClassVar[str] = "cyclegan"


@dataclasses.dataclass(frozen=True)
class MultiDomainPreset(Preset):
    """Translation between several domains (`MultiDomainTranslation` says what the loss terms are).

    Attributes:
        data: pictures, with a folder for each domain.
        size: height and width of the training pictures, in pixels.
        scale: pictures are cut from windows of this share (low, high) of the largest that fits.
        flip: 1 mirrors half of the pictures, 0 none.
        filters: channels of the translator at the full size.
        critic_filters: of the critic.
        max_filters: channels at most.
        depth: halvings of the translator; the critic has two more.
        num_blocks: blocks at the smallest size, on the way down and again on the way up.
        style_dim: numbers of a style.
        latent_dim: numbers of a latent.
        mapping_layers: from latent to style.
        skips: 1 adds features of the way down to those of the way up, 0 does not, as in the paper.
        loss: name of the adversarial loss.
        penalty_weight: gamma of R1.
        style_weight: of a style that is to be read back.
        diversity_weight: of the difference that two styles make, at the start.
        diversity_kimg: thousands of images in which it falls to 0.
        cycle_weight: of the way there and back.
        learning_rate: of the translator.
        critic_learning_rate: of the critic.
        beta_1: first decay rate of Adam.
        beta_2: second decay rate of Adam.
        ema_half_life_kimg: half-life of the averaged translator, in thousands of images, at most 1/20 of the images
            seen.
    """

    data: str = ""
    size: tuple[int, int] = (256, 256)
    scale: tuple[float, float] = (0.8, 1.0)
    flip: int = 1
    filters: int = 64
    critic_filters: int = 64
    max_filters: int = 512
    depth: int = 4
    num_blocks: int = 2
    style_dim: int = 64
    latent_dim: int = 16
    mapping_layers: int = 4
    skips: int = 0
    loss: str = "non_saturating"
    penalty_weight: float = 1.0
    style_weight: float = 1.0
    diversity_weight: float = 1.0
    diversity_kimg: float = 800.0
    cycle_weight: float = 1.0
    learning_rate: float = 1e-4
    critic_learning_rate: float = 1e-4
    beta_1: float = 0.0
    beta_2: float = 0.99
    ema_half_life_kimg: float = 5.5

    system: typing.ClassVar[str] = "multidomain"
    sources: typing.ClassVar[tuple[str, ...]] = ("data",)
