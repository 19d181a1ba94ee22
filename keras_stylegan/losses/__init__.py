"""Losses and penalties; every one returns one value per image."""

from keras_stylegan.losses.adversarial import ADVERSARIAL_LOSSES, AdversarialPair, adversarial_loss
from keras_stylegan.losses.content import content_loss, light_loss
from keras_stylegan.losses.grid import grid_loss
from keras_stylegan.losses.information import categorical_code_loss, continuous_code_loss
from keras_stylegan.losses.penalties import (
    gradient_penalty,
    interpolate,
    path_length_penalty,
    path_lengths,
    r1_penalty,
    r2_penalty,
)
from keras_stylegan.losses.reconstruction import absolute_error, squared_error
from keras_stylegan.losses.rotation import rotate, rotation_loss
from keras_stylegan.losses.style import style_loss, style_statistics
from keras_stylegan.losses.total_variation import total_variation

__all__ = [
    "ADVERSARIAL_LOSSES", "AdversarialPair", "absolute_error", "adversarial_loss", "categorical_code_loss",
    "content_loss", "continuous_code_loss", "gradient_penalty", "grid_loss", "interpolate", "light_loss",
    "path_length_penalty", "path_lengths", "r1_penalty", "r2_penalty", "rotate", "rotation_loss", "squared_error",
    "style_loss", "style_statistics", "total_variation",
]  # fmt: skip
