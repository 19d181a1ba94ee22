"""Keras layers."""

from keras_stylegan.layers.constraints import ClipWeights

__all__ = ["ClipWeights"]
