"""Talking to a TensorFlow Serving that has an exported network. REST needs neither TensorFlow nor Keras."""

from keras_stylegan.serving.check import Step, check_server
from keras_stylegan.serving.client import Client

__all__ = ["Client", "Step", "check_server"]
