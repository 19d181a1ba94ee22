"""Generators, critics and perceptual networks: graphs without training logic."""

from keras_stylegan.networks.backbones import build_perceptual
from keras_stylegan.networks.patch_critic import PatchCritic
from keras_stylegan.networks.perceptual import PerceptualNetwork
from keras_stylegan.networks.stages import Stage, stages
from keras_stylegan.networks.style_transformer import StyleTransformer
from keras_stylegan.networks.stylegan2 import StyleGAN2Generator
from keras_stylegan.networks.stylegan2_critic import StyleGAN2Critic

__all__ = [
    "PatchCritic",
    "PerceptualNetwork",
    "Stage",
    "StyleGAN2Critic",
    "StyleGAN2Generator",
    "StyleTransformer",
    "build_perceptual",
    "stages",
]
