"""Keras models that train."""

from keras_stylegan.models.adversarial import AdversarialModel
from keras_stylegan.models.averaging import AveragedNetwork, copy_network
from keras_stylegan.models.cycle_gan import CycleGAN
from keras_stylegan.models.deep_image_prior import DeepImagePrior
from keras_stylegan.models.directions import move_styles, style_directions
from keras_stylegan.models.distillation import FeatureDistillation
from keras_stylegan.models.fusion import Fusion
from keras_stylegan.models.gatys import GatysModel
from keras_stylegan.models.image_gan import ImageGAN
from keras_stylegan.models.info_gan import InfoGAN
from keras_stylegan.models.multi_domain import MultiDomainTranslation
from keras_stylegan.models.multi_style import MultiStyleTransfer
from keras_stylegan.models.noise_to_image import NoiseToImage
from keras_stylegan.models.pix2pix import Pix2Pix
from keras_stylegan.models.players import Player, Regularizer
from keras_stylegan.models.progressive import ProgressiveGAN
from keras_stylegan.models.projection import StyleProjection
from keras_stylegan.models.sampling import generate, mix_styles, render, render_styles, style_moments
from keras_stylegan.models.scene import ScenePipeline
from keras_stylegan.models.schedules import CosineSchedule, LinearDecay, PerUpdate, ScheduledAdam
from keras_stylegan.models.style_learning import StyleLearning
from keras_stylegan.models.style_prediction import StylePrediction
from keras_stylegan.models.stylegan import StyleGAN
from keras_stylegan.models.stylegan2 import StyleGAN2, r1_gamma
from keras_stylegan.models.super_resolution import SuperResolution

__all__ = [
    "AdversarialModel", "AveragedNetwork", "CosineSchedule", "CycleGAN", "DeepImagePrior", "FeatureDistillation",
    "Fusion", "GatysModel", "ImageGAN", "InfoGAN", "LinearDecay", "MultiDomainTranslation", "MultiStyleTransfer",
    "NoiseToImage", "PerUpdate", "Pix2Pix", "Player", "ProgressiveGAN", "Regularizer", "ScenePipeline", "ScheduledAdam",
    "StyleGAN", "StyleGAN2", "StyleLearning", "StylePrediction", "StyleProjection", "SuperResolution", "copy_network",
    "generate", "mix_styles", "move_styles", "r1_gamma", "render", "render_styles", "style_directions", "style_moments",
]  # fmt: skip
