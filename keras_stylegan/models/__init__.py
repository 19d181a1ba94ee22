"""Keras models that train."""

from keras_stylegan.models.adversarial import AdversarialModel
from keras_stylegan.models.averaging import AveragedNetwork, copy_network
from keras_stylegan.models.distillation import FeatureDistillation
from keras_stylegan.models.gatys import GatysModel
from keras_stylegan.models.multi_style import MultiStyleTransfer
from keras_stylegan.models.players import Player, Regularizer
from keras_stylegan.models.stylegan2 import StyleGAN2, generate, r1_gamma

__all__ = [
    "AdversarialModel", "AveragedNetwork", "FeatureDistillation", "GatysModel", "MultiStyleTransfer", "Player",
    "Regularizer", "StyleGAN2", "copy_network", "generate", "r1_gamma",
]  # fmt: skip
