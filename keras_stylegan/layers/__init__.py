"""Keras layers."""

from keras_stylegan.layers.constraints import ClipWeights
from keras_stylegan.layers.score_head import ScoreHead
from keras_stylegan.layers.spectral import SpectralConv2D, SpectralDense
from keras_stylegan.layers.style_bank import StyleBank
from keras_stylegan.layers.styled_convolution import StyledConv2D
from keras_stylegan.layers.upsampled_rgb import UpsampledRGB

__all__ = [
    "ClipWeights", "ScoreHead", "SpectralConv2D", "SpectralDense", "StyleBank", "StyledConv2D", "UpsampledRGB",
]  # fmt: skip
