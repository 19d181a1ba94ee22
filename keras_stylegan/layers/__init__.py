"""Keras layers."""

from keras_stylegan.layers.adaptive_augmentation import AdaptiveAugmentation
from keras_stylegan.layers.constraints import ClipWeights
from keras_stylegan.layers.diff_augment import DiffAugment
from keras_stylegan.layers.style_bank import StyleBank
from keras_stylegan.layers.styled_convolution import StyledConv2D
from keras_stylegan.layers.upsampled_rgb import UpsampledRGB

__all__ = ["AdaptiveAugmentation", "ClipWeights", "DiffAugment", "StyleBank", "StyledConv2D", "UpsampledRGB"]
