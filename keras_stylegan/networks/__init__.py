"""Generators, critics and perceptual networks: graphs without training logic."""

from keras_stylegan.networks.backbones import build_perceptual
from keras_stylegan.networks.patch_critic import PatchCritic
from keras_stylegan.networks.perceptual import PerceptualNetwork
from keras_stylegan.networks.style_transformer import StyleTransformer

__all__ = ["PatchCritic", "PerceptualNetwork", "StyleTransformer", "build_perceptual"]
