"""Generators, critics and perceptual networks: graphs without training logic."""

from keras_stylegan.networks.backbones import build_perceptual
from keras_stylegan.networks.coded import CodedGenerator
from keras_stylegan.networks.dcgan import DCGANCritic, DCGANGenerator
from keras_stylegan.networks.patch_critic import PatchCritic
from keras_stylegan.networks.perceptual import PerceptualNetwork
from keras_stylegan.networks.progressive import ProgressiveCritic, ProgressiveGenerator
from keras_stylegan.networks.projected_critic import ProjectedCritic
from keras_stylegan.networks.r3gan import R3GANCritic, R3GANGenerator
from keras_stylegan.networks.resnet import ResNetCritic, ResNetGenerator
from keras_stylegan.networks.stages import Stage, resolutions, stages
from keras_stylegan.networks.style_transformer import StyleTransformer
from keras_stylegan.networks.stylegan import StyleGANGenerator
from keras_stylegan.networks.stylegan2 import StyleGAN2Generator
from keras_stylegan.networks.stylegan2_critic import StyleGAN2Critic

__all__ = [
    "CodedGenerator", "DCGANCritic", "DCGANGenerator", "PatchCritic", "PerceptualNetwork", "ProgressiveCritic",
    "ProgressiveGenerator", "ProjectedCritic", "R3GANCritic", "R3GANGenerator", "ResNetCritic", "ResNetGenerator",
    "Stage", "StyleGAN2Critic", "StyleGAN2Generator", "StyleGANGenerator", "StyleTransformer", "build_perceptual",
    "resolutions", "stages",
]  # fmt: skip
