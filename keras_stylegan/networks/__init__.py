"""Generators, critics and perceptual networks: graphs without training logic."""

from keras_stylegan.networks.backbones import build_perceptual
from keras_stylegan.networks.perceptual import PerceptualNetwork

__all__ = ["PerceptualNetwork", "build_perceptual"]
