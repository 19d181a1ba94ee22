"""Settings of the style predictor."""

from __future__ import annotations

import dataclasses
import typing

from keras_stylegan.presets.base import Preset


@dataclasses.dataclass(frozen=True)
class StylePredictorPreset(Preset):
    """A predictor of style vectors for a trained multi-style network (`StylePrediction` says what the terms are).

    Attributes:
        content: folder, zip or npz of photographs.
        styles: folder of style pictures; one named like a style of the network shows a known vector.
        painter: directory of the multistyle run whose network it is for; empty for the packaged network.
        start_from: directory of a style_predictor run whose predictor to begin with, or `style_predictor` for the
            packaged one; empty begins anew. After the network was trained on, a few thousand images bring a predictor
            after it.
        crop_size: pixels, height and width of photographs and style pictures.
        scale: crops are cut from windows of this share (low, high) of a photograph.
        style_scale: and of a style picture.
        content_short_side: photographs are reduced to this shorter side.
        style_short_side: style pictures are reduced to this shorter side.
        painted_share: share of a batch whose style pictures the network itself paints, in mixtures of its styles.
        source_shares: weights of paintings, blends of two, procedural textures and photographs as style pictures.
        num_projections: features of each depth of which products are taken.
        hidden: units of the hidden layers.
        perceptual: `compact`, `vgg16`, `vgg19`, or an .npz file: what the losses look through. A new
            predictor's own features are those of `compact`.
        style_weight: weight of the style term.
        content_weight: weight of the content term.
        content_method: `correlation`, `relative` or `mse`.
        light_weight: weight of where light and shade are; crops must then have at least 32 pixels.
        variation_weight: weight of the total variation.
        distillation_weight: weight of the distance to known vectors.
        prior_weight: weight of the distance to the middle of the bank, of pictures of unknown style.
        learning_rate: at the start; decays to 0 along a cosine over the run.
        clip_norm: limit of the global norm of a gradient.
        ema_kimg: half-life of the averaged predictor, which is the one shown and saved, in thousands of images.
    """

    content: str = ""
    styles: str = ""
    painter: str = ""
    start_from: str = ""
    crop_size: int = 160
    scale: tuple[float, float] = (0.5, 1.0)
    style_scale: tuple[float, float] = (0.55, 0.9)
    content_short_side: int = 320
    style_short_side: int = 256
    painted_share: float = 0.25
    source_shares: tuple[float, float, float, float] = (0.6, 0.1, 0.2, 0.1)
    num_projections: int = 24
    hidden: int = 64
    perceptual: str = "compact"
    style_weight: float = 4.0
    content_weight: float = 0.6
    content_method: str = "correlation"
    light_weight: float = 1.0
    variation_weight: float = 0.75
    distillation_weight: float = 0.1
    prior_weight: float = 0.02
    learning_rate: float = 1e-3
    clip_norm: float = 10.0
    ema_kimg: float = 2.0
    monitor: str = "predictor/loss"

    system: typing.ClassVar[str] = "style_predictor"
    sources: typing.ClassVar[tuple[str, ...]] = ("content", "styles")
