"""Generators, critics and perceptual networks: graphs without training logic."""

from keras_stylegan.networks.backbones import build_perceptual
from keras_stylegan.networks.dcgan import DCGANCritic, DCGANGenerator
from keras_stylegan.networks.patch_critic import PatchCritic
from keras_stylegan.networks.perceptual import PerceptualNetwork
from keras_stylegan.networks.resolutions import resolutions
from keras_stylegan.networks.style_transformer import StyleTransformer

__all__ = [
    "DCGANCritic", "DCGANGenerator", "PatchCritic", "PerceptualNetwork", "StyleTransformer", "build_perceptual",
    "resolutions",
]  # fmt: skip
