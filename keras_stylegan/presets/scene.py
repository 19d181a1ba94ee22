"""Settings of the scene pipeline."""

from __future__ import annotations

import dataclasses
import typing

from keras_stylegan.presets.base import Preset


@dataclasses.dataclass(frozen=True)
class ScenePipelinePreset(Preset):
    """Painted photographs as a generator of natural scenes makes them (`ScenePipeline` says what the loss terms are).

    The packaged multi-style network paints; it does not train.

    Attributes:
        content: folder, zip or npz of photographs.
        styles: folder of style pictures; those named after packaged styles are trained on.
        data: folder, zip or npz of scenes, the critic's real pictures.
        classes: folders of `data` to take, with commas between; empty takes all.
        start_from: run directory of a StyleGAN2, or of an earlier run of the pipeline, or name of a packaged generator;
            empty takes the packaged `scenes`.
        phase: `joint` trains encoder and generator by all terms; `encoder` the encoder alone, to make again what was
            painted.
        factor: how many times larger than the generator's pictures photographs are painted.
        scale: crops are cut from windows of this share (low, high) of the photograph.
        content_short_side: photographs are reduced to this shorter side.
        style_short_side: style pictures are reduced to this shorter side, which sets the size of strokes in a scene.
        mix_probability: share of pictures painted in a mixture of two styles.
        weak_probability: share of pictures painted with a strength below 1.
        skips: 1 gives the generator skip features of the encoder, 0 styles alone.
        perceptual: `compact`, `vgg16`, `vgg19`, or an .npz file.
        pixel_weight: weight of the mean absolute difference from what was painted.
        perceptual_weight: weight of the perceptual distance from it.
        prior_weight: weight of the distance of styles from the generator's own, without which a scene by styles alone
            is grain.
        content_weight: weight of the content term.
        style_weight: weight of the style term.
        critic_weight: lambda of the adversarial term; 0 trains no critic.
        critic: `projected`, which looks through a frozen perceptual network and takes no R1, or `stylegan2`.
        critic_filters: channels of the projected critic at the full size, doubled at each half of it.
        loss: name of the adversarial loss.
        gamma: weight of R1 for a `stylegan2` critic; 0 stands for 0.0002 * height * width / batch_size.
        penalty_every: R1 is taken on one critic update in so many.
        augment: what is done to everything that the critic sees: `none` or `diffaugment`.
        learning_rate: of encoder and generator, at the start; decays to 0 along a cosine over the run.
        critic_learning_rate: of the critic, likewise.
        clip_norm: limit of the global norm of a gradient; 0 for none.
        ema_kimg: half-life of the averaged network, which is the one shown and saved, in thousands of images, at most
            1/20 of the images seen; 0 averages nothing.
    """

    content: str = ""
    styles: str = ""
    data: str = ""
    classes: str = ""
    start_from: str = ""
    phase: str = "joint"
    factor: int = 2
    scale: tuple[float, float] = (0.5, 0.9)
    content_short_side: int = 256
    style_short_side: int = 128
    mix_probability: float = 0.2
    weak_probability: float = 0.15
    skips: int = 1
    perceptual: str = "compact"
    pixel_weight: float = 1.0
    perceptual_weight: float = 0.8
    prior_weight: float = 0.02
    content_weight: float = 0.3
    style_weight: float = 1.0
    critic_weight: float = 0.3
    critic: str = "projected"
    critic_filters: int = 16
    loss: str = "hinge"
    gamma: float = 0.0
    penalty_every: int = 16
    augment: str = "none"
    learning_rate: float = 1e-3
    critic_learning_rate: float = 2e-4
    clip_norm: float = 10.0
    ema_kimg: float = 2.0
    monitor: str = "generator/perceptual"

    system: typing.ClassVar[str] = "scene_pipeline"

    @property
    def sources(self) -> tuple[str, ...]:
        """Scenes are the critic's real pictures, so only where there is a critic."""
        return ("content", "styles", "data") if self.phase == "joint" and self.critic_weight else ("content", "styles")
