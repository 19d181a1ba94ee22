"""A step that assigns a variable which it does not list: for test_backends.py."""

import keras
import numpy as np

from keras_stylegan.ops.gradients import compile_step


def main(path):
    """Saves what the step is refused with, or nothing."""
    known, forgotten = keras.Variable(1.0), keras.Variable(1.0)
    message = ""
    try:
        compile_step(lambda x: forgotten.assign(known + x), [known])(1.0)
    except ValueError as error:
        message = str(error)
    np.savez(path, message=message)
