"""Keras models that train."""
