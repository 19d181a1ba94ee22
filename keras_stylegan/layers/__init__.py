"""Keras layers."""

from keras_stylegan.layers.adain import AdaINLayer
from keras_stylegan.layers.adaptive_augmentation import AdaptiveAugmentation
from keras_stylegan.layers.code_head import CodeHead
from keras_stylegan.layers.constraints import ClipWeights
from keras_stylegan.layers.conv_blocks import ConvBlock, ResidualBlock, UpBlock
from keras_stylegan.layers.diff_augment import DiffAugment
from keras_stylegan.layers.equalized import LEAKY_GAIN, EqualizedConv2D, EqualizedDense
from keras_stylegan.layers.grouped import GroupedConv2D
from keras_stylegan.layers.mapping import MappingNetwork
from keras_stylegan.layers.minibatch_stddev import MinibatchStddev
from keras_stylegan.layers.normalized_convolution import NormalizedConv2D
from keras_stylegan.layers.region_norm import RegionNormalization
from keras_stylegan.layers.score_head import ScoreHead
from keras_stylegan.layers.spectral import SpectralConv2D, SpectralDense
from keras_stylegan.layers.style_bank import StyleBank
from keras_stylegan.layers.styled_convolution import StyledConv2D
from keras_stylegan.layers.synthesis import SynthesisLayer, ToRGB
from keras_stylegan.layers.upsampled_rgb import UpsampledRGB

__all__ = [
    "AdaINLayer", "AdaptiveAugmentation", "ClipWeights", "CodeHead", "ConvBlock", "DiffAugment", "EqualizedConv2D",
    "EqualizedDense", "GroupedConv2D", "LEAKY_GAIN", "MappingNetwork", "MinibatchStddev", "NormalizedConv2D",
    "RegionNormalization", "ResidualBlock", "ScoreHead", "SpectralConv2D", "SpectralDense", "StyleBank", "StyledConv2D",
    "SynthesisLayer", "ToRGB", "UpBlock", "UpsampledRGB",
]  # fmt: skip
