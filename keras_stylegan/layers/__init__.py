"""Keras layers."""

from keras_stylegan.layers.constraints import ClipWeights
from keras_stylegan.layers.equalized import LEAKY_GAIN, EqualizedConv2D, EqualizedDense
from keras_stylegan.layers.mapping import MappingNetwork
from keras_stylegan.layers.minibatch_stddev import MinibatchStddev
from keras_stylegan.layers.style_bank import StyleBank
from keras_stylegan.layers.styled_convolution import StyledConv2D
from keras_stylegan.layers.synthesis import SynthesisLayer, ToRGB
from keras_stylegan.layers.upsampled_rgb import UpsampledRGB

__all__ = [
    "LEAKY_GAIN",
    "ClipWeights",
    "EqualizedConv2D",
    "EqualizedDense",
    "MappingNetwork",
    "MinibatchStddev",
    "StyleBank",
    "StyledConv2D",
    "SynthesisLayer",
    "ToRGB",
    "UpsampledRGB",
]
