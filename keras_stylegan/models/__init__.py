"""Keras models that train."""

from keras_stylegan.models.adversarial import AdversarialModel
from keras_stylegan.models.averaging import AveragedNetwork, copy_network
from keras_stylegan.models.players import Player, Regularizer

__all__ = ["AdversarialModel", "AveragedNetwork", "Player", "Regularizer", "copy_network"]
