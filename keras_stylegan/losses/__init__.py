"""Losses and penalties; every one returns one value per image."""

from keras_stylegan.losses.content import content_loss
from keras_stylegan.losses.style import style_loss, style_statistics
from keras_stylegan.losses.total_variation import total_variation

__all__ = ["content_loss", "style_loss", "style_statistics", "total_variation"]
