"""Settings of super-resolution."""

from __future__ import annotations

import dataclasses
import typing

from keras_stylegan.presets.base import Preset


@dataclasses.dataclass(frozen=True)
class SuperResolutionPreset(Preset):
    """A network that enlarges photographs (`SuperResolution` says what the loss terms are).

    The weights are for a network that has learnt pixels alone before: in the gradient of such a network's weights a
    critic that has learnt beside it then counts about twice as much as the pixels. A new critic asks for noise, so it
    learns before it is heard. No features: those of `compact` come near the photograph's by a regular grain at the
    finest detail of the small picture (with a weight of 1, of 0.25 beside the critic, and with crops shifted at random
    against the network's pooling), which the Frechet distance of another network finds worse than pixels alone.

    Attributes:
        data: folder, zip or npz of photographs.
        start_from: run directory whose network, and critic, training begins with; empty for new ones.
        factor: how much larger, 2 or more.
        crop_size: pixels, height and width of the large training crops; a multiple of the factor, and of 8.
        scale: crops are cut from windows of this share (low, high) of the photograph, and made smaller to fit.
        filters: channels of the network.
        num_blocks: its residual blocks.
        blur: of the degradation: standard deviation at most, in pixels of the large picture.
        noise: standard deviation at most, in grey levels.
        jpeg_quality: quality at least; 100 compresses nothing.
        clean_share: share of pictures that are only made smaller.
        pixel_weight: weight of the mean absolute error.
        perceptual: `compact`, `vgg16`, `vgg19`, or an .npz file.
        perceptual_weight: weight of the distance of features; 0 for none.
        critic_weight: lambda of the adversarial term; 0 trains no critic.
        critic_kimg: thousands of images in which lambda grows from 0 along half a cosine; 0 for lambda at once.
        critic_filters: channels of its first convolution.
        loss: name of the adversarial loss.
        penalty_weight: gamma of R1; 0 for none.
        penalty_every: R1 is taken on one critic update in so many.
        learning_rate: of the network, at the start; decays to 0 along a cosine over the run.
        critic_learning_rate: of the critic, likewise.
        clip_norm: limit of the global norm of a gradient; 0 for none.
        ema_kimg: half-life of the averaged network, which is the one shown and saved, in thousands of images, at most
            1/20 of the images seen; 0 averages nothing.
    """

    data: str = ""
    start_from: str = ""
    factor: int = 4
    crop_size: int = 96
    scale: tuple[float, float] = (0.4, 0.6)
    filters: int = 48
    num_blocks: int = 8
    blur: float = 1.5
    noise: float = 4.0
    jpeg_quality: int = 60
    clean_share: float = 0.25
    pixel_weight: float = 1.0
    perceptual: str = "compact"
    perceptual_weight: float = 0.0
    critic_weight: float = 0.3
    critic_kimg: float = 2.0
    critic_filters: int = 32
    loss: str = "relativistic"
    penalty_weight: float = 100.0
    penalty_every: int = 8
    learning_rate: float = 5e-4
    critic_learning_rate: float = 2e-4
    clip_norm: float = 10.0
    ema_kimg: float = 2.0

    system: typing.ClassVar[str] = "super_resolution"
    sources: typing.ClassVar[tuple[str, ...]] = ("data",)
