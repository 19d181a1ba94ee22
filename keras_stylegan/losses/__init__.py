"""Losses and penalties; every one returns one value per image."""

from keras_stylegan.losses.adversarial import ADVERSARIAL_LOSSES, AdversarialPair, adversarial_loss
from keras_stylegan.losses.penalties import gradient_penalty, interpolate, r1_penalty, r2_penalty

__all__ = [
    "ADVERSARIAL_LOSSES",
    "AdversarialPair",
    "adversarial_loss",
    "gradient_penalty",
    "interpolate",
    "r1_penalty",
    "r2_penalty",
]
