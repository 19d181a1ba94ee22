"""Generators, critics and perceptual networks: graphs without training logic."""

from keras_stylegan.networks.backbone_critic import BackboneCritic
from keras_stylegan.networks.backbone_trunk import TRUNKS, BackboneTrunk
from keras_stylegan.networks.backbone_unet import BackboneUNet
from keras_stylegan.networks.backbones import build_perceptual
from keras_stylegan.networks.bottleneck_translators import DenseNetTranslator, ResNetTranslator
from keras_stylegan.networks.coded import CodedGenerator, CodeReader
from keras_stylegan.networks.dcgan import DCGANCritic, DCGANGenerator
from keras_stylegan.networks.domain_translator import DomainEncoder, DomainTranslator
from keras_stylegan.networks.fusion import FusionGenerator
from keras_stylegan.networks.fusion_critic import FusionCritic
from keras_stylegan.networks.hourglass import HourglassNetwork
from keras_stylegan.networks.johnson import JohnsonTransformer
from keras_stylegan.networks.patch_critic import RECEPTIVE_FIELDS, PatchCritic, PatchGANCritic
from keras_stylegan.networks.perceptual import PerceptualNetwork
from keras_stylegan.networks.progressive import ProgressiveCritic, ProgressiveGenerator
from keras_stylegan.networks.projected_critic import ProjectedCritic
from keras_stylegan.networks.r3gan import R3GANCritic, R3GANGenerator
from keras_stylegan.networks.resnet import ResNetCritic, ResNetGenerator
from keras_stylegan.networks.scene import SceneNetwork
from keras_stylegan.networks.scene_encoder import SceneEncoder
from keras_stylegan.networks.stages import Stage, resolutions, stages
from keras_stylegan.networks.style_predictor import StylePredictor
from keras_stylegan.networks.style_transformer import StyleTransformer
from keras_stylegan.networks.stylegan import StyleGANGenerator
from keras_stylegan.networks.stylegan2 import StyleGAN2Generator
from keras_stylegan.networks.stylegan2_critic import StyleGAN2Critic
from keras_stylegan.networks.super_resolution import SuperResolutionNetwork
from keras_stylegan.networks.texture_critic import TextureCritic
from keras_stylegan.networks.unet import UNetTranslator
from keras_stylegan.networks.vnet import VNetTranslator

__all__ = [
    "BackboneCritic", "BackboneTrunk", "BackboneUNet", "CodeReader", "CodedGenerator", "DCGANCritic", "DCGANGenerator",
    "DenseNetTranslator", "DomainEncoder", "DomainTranslator", "FusionCritic", "FusionGenerator", "HourglassNetwork",
    "JohnsonTransformer", "PatchCritic", "PatchGANCritic", "PerceptualNetwork", "ProgressiveCritic",
    "ProgressiveGenerator", "ProjectedCritic", "R3GANCritic", "R3GANGenerator", "RECEPTIVE_FIELDS", "ResNetCritic",
    "ResNetGenerator", "ResNetTranslator", "SceneEncoder", "SceneNetwork", "Stage", "StyleGAN2Critic",
    "StyleGAN2Generator", "StyleGANGenerator", "StylePredictor", "StyleTransformer", "SuperResolutionNetwork", "TRUNKS",
    "TextureCritic", "UNetTranslator", "VNetTranslator", "build_perceptual", "resolutions", "stages",
]  # fmt: skip
