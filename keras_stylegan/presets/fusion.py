"""Settings of the fusion system."""

from __future__ import annotations

import dataclasses
import typing

from keras_stylegan.presets.base import Preset


@dataclasses.dataclass(frozen=True)
class FusionPreset(Preset):
    """Regions of one picture put into another in its light (`Fusion` says what the loss terms are).

    Attributes:
        content: folder, zip or npz of photographs.
        crop_size: pixels, height and width of the training crops.
        scale: crops are cut from windows of this share (low, high) of the photograph.
        content_short_side: photographs are reduced to this shorter side.
        shifts: families of changes and how often each is drawn (`keras_stylegan.data.shifts`).
        num_regions: regions of a picture, at most.
        many_probability: share of pictures with all regions instead of one.
        twice_probability: share of regions changed by two families.
        unchanged_probability: share of regions that are not changed.
        widths: channels at 1/2, 1/4 and 1/8 of the size.
        num_blocks: residual blocks at 1/4 (encoder), 1/8 and 1/4 (decoder).
        latent_dim: numbers in the noise.
        perceptual: `compact`, `vgg16`, `vgg19`, or an .npz file.
        error_weight: weight of the error in the regions, on the scale of decibels.
        perceptual_weight: weight of the perceptual distance.
        critic_weight: weight of each of the critic's two terms, on patches and on the region; 0 trains no critic.
        critic_kimg: thousands of images in which that weight grows from 0 along half a cosine; 0 for all at once.
        loss: name of the adversarial loss.
        penalty_weight: gamma of R1; 0 for none.
        penalty_every: R1 is taken on one critic update in so many.
        learning_rate: of the generator, at the start; decays to 0 along a cosine over the run.
        critic_learning_rate: of the critic, likewise.
        clip_norm: limit of the global norm of a gradient.
        ema_kimg: half-life of the averaged network, which is the one shown and saved, in thousands of images, at most
            1/20 of the images seen; 0 averages nothing.
        start_from: run directory of a fusion run whose network to begin with, or `fusion`, the packaged one; empty
            begins anew.
    """

    content: str = ""
    crop_size: int = 128
    scale: tuple[float, float] = (0.4, 1.0)
    content_short_side: int = 320
    shifts: dict[str, float] = dataclasses.field(
        default_factory=lambda: {
            "colour": 2.0,
            "light": 4.0,
            "saturation": 1.0,
            "style": 2.0,
            "blur": 0.5,
            "noise": 0.5,
        }
    )
    num_regions: int = 2
    many_probability: float = 0.25
    twice_probability: float = 0.3
    unchanged_probability: float = 0.05
    widths: tuple[int, int, int] = (24, 48, 96)
    num_blocks: tuple[int, int, int] = (1, 2, 1)
    latent_dim: int = 8
    perceptual: str = "compact"
    error_weight: float = 0.25
    perceptual_weight: float = 0.5
    critic_weight: float = 0.1
    critic_kimg: float = 5.0
    loss: str = "relativistic"
    penalty_weight: float = 0.1
    penalty_every: int = 8
    learning_rate: float = 1e-3
    critic_learning_rate: float = 1e-3
    clip_norm: float = 10.0
    ema_kimg: float = 5.0
    start_from: str = ""
    monitor: str = "generator/error"

    system: typing.ClassVar[str] = "fusion"
    sources: typing.ClassVar[tuple[str, ...]] = ("content",)
