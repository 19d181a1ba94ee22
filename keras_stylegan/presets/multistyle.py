"""Settings of the multi-style system."""

from __future__ import annotations

import dataclasses
import typing

from keras_stylegan.presets.base import Preset


@dataclasses.dataclass(frozen=True)
class MultiStylePreset(Preset):
    """One network for all the styles of a folder (`MultiStyleTransfer` says what the loss terms are).

    Attributes:
        content: folder, zip or npz of photographs.
        styles: folder of style pictures; the files' names become the styles' names.
        start_from: run directory of a multistyle run whose network to begin with, or `multistyle` for the network that
            comes with the package; empty begins anew.
        targets: folder of photographs painted by another method, `STYLE/PHOTOGRAPH.png`, for the method `pixel`.
        target_probability: share of pictures that are painted towards one of them.
        crop_size: pixels, height and width of the training crops.
        scale: crops are cut from windows of this share (low, high) of the photograph. In small crops there is no large
            plain sky: what a network does there, it learns from large ones.
        content_short_side: photographs are reduced to this shorter side.
        style_short_side: style pictures are reduced to this shorter side, which sets the size of strokes.
        mix_probability: share of pictures painted in a mixture of two styles.
        weak_probability: share of pictures painted with a strength below 1.
        widths: channels at 1/2, 1/4 and 1/8 of the size.
        num_blocks: residual blocks at 1/4 (encoder), 1/8 and 1/4 (decoder).
        normalization: `all` or `branches`.
        num_waves: plane waves from which strokes on flat ground grow.
        bank_lr_multiplier: learning rate of the style vectors relative to `learning_rate`.
        perceptual: `compact`, `vgg16`, `vgg19`, or an .npz file.
        methods: style methods (`gram`, `mean_std`, `sorted`, `patch`, `pixel`) and their weights; `STYLE/METHOD` gives
            one style a weight of its own.
        style_weight: weight of the style terms against the content.
        alphas: weights of single styles by name, 1 where none is given.
        content_method: `correlation`, `relative` or `mse`.
        content_weight: weight of the content term.
        light_weight: weight of where light and shade are; crops must then have at least 32 pixels.
        variation_weight: weight of the total variation.
        grid_weight: weight of the regular pattern that upsampling leaves; crops must then have at least 32 pixels.
        photograph_weight: weight of the distance to the photograph at strength 0.
        critic_weight: lambda of the adversarial term; 0 trains no critic.
        critic_balanced: 1 makes lambda a share of the gradient of all other terms, picture by picture.
        smoothed: by name of style, the weight of its painting with smoothed edges among what the critic learns to
            refuse: for cartoons, whose outlines are to be clear.
        penalty_weight: weight of the critic's gradient penalty.
        critic_steps: critic updates in a step.
        learning_rate: of the network, at the start; decays to 0 along a cosine over the run.
        critic_learning_rate: of the critic, likewise.
        clip_norm: limit of the global norm of a gradient.
        ema_kimg: half-life of the averaged network, which is the one shown and saved, in thousands of images, at most
            1/20 of the images seen; 0 averages nothing.
    """

    content: str = ""
    styles: str = ""
    start_from: str = ""
    targets: str = ""
    target_probability: float = 0.25
    crop_size: int = 256
    scale: tuple[float, float] = (0.8, 1.0)
    content_short_side: int = 320
    style_short_side: int = 256
    mix_probability: float = 0.2
    weak_probability: float = 0.15
    widths: tuple[int, int, int] = (32, 64, 192)
    num_blocks: tuple[int, int, int] = (1, 5, 3)
    normalization: str = "branches"
    num_waves: int = 16
    bank_lr_multiplier: float = 2.0
    perceptual: str = "compact"
    methods: dict[str, float] = dataclasses.field(default_factory=lambda: {"gram": 1.0})
    style_weight: float = 4.6
    alphas: dict[str, float] = dataclasses.field(default_factory=dict)
    content_method: str = "correlation"
    content_weight: float = 0.6
    light_weight: float = 0.5
    variation_weight: float = 0.75
    grid_weight: float = 0.1
    photograph_weight: float = 2.0
    critic_weight: float = 0.0
    critic_balanced: int = 0
    smoothed: dict[str, float] = dataclasses.field(default_factory=dict)
    penalty_weight: float = 10.0
    critic_steps: int = 1
    learning_rate: float = 2e-3
    critic_learning_rate: float = 2e-4
    clip_norm: float = 10.0
    ema_kimg: float = 2.0

    system: typing.ClassVar[str] = "multistyle"
    sources: typing.ClassVar[tuple[str, ...]] = ("content", "styles")


@dataclasses.dataclass(frozen=True)
class JohnsonPreset(MultiStylePreset):
    """The multi-style recipe on the network of Johnson et al., which paints one style (`JohnsonTransformer`).

    What describes the bank's network (`widths` to `bank_lr_multiplier`) is not used.

    Attributes:
        width: channels at the full size.
        depth: residual blocks.
    """

    weak_probability: float = 0.0
    light_weight: float = 0.0
    learning_rate: float = 1e-3
    width: int = 32
    depth: int = 5

    system: typing.ClassVar[str] = "johnson"
