"""Generators, critics and perceptual networks: graphs without training logic."""

from keras_stylegan.networks.style_transformer import StyleTransformer

__all__ = ["StyleTransformer"]
