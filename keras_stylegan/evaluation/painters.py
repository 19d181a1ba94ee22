"""Painters for `evaluate_styles`: the packaged network, optimisation, and the gradient that FGSM steps along."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from PIL import Image

from keras_stylegan.evaluation.style import Painter
from keras_stylegan.inference import Stylizer


def network_painter(network: Stylizer) -> Painter:
    """A painter by a network's styles, which are to hold those asked for."""
    return lambda photograph, style: np.asarray(network.stylize(photograph, style))


def optimizing_painter(paintings: Mapping[str, np.ndarray], steps: int) -> Painter:
    """A painter by Gatys' optimisation in the styles of the pictures given, by the perceptual network `compact`."""
    from keras_stylegan.inference.optimization import paint_by_optimization

    def paint(photograph, style):
        photo, painting = Image.fromarray(photograph), Image.fromarray(paintings[style])
        return np.asarray(paint_by_optimization(photo, [(painting, 1.0)], size=max(photo.size), steps=steps)[0])

    return paint


def painting_gradient(network: Stylizer):
    """Gradient, with respect to the photograph, of the painting's squared distance from the photograph as it was.

    Args:
        network: `Stylizer` on a `KerasRuntime`.

    Returns:
        Function from a uint8 photograph `(height, width, 3)` and a style's name to a float array of its shape.
    """
    from keras import ops

    from keras_stylegan.inference.runtimes import pad_to_stride
    from keras_stylegan.ops.gradients import input_gradient

    def gradient(photograph, style):
        weights = network.check(style)[0].weights.astype("float32")
        padded, crop = pad_to_stride(photograph, network.runtime.stride)
        images = padded[None].astype("float32") / 127.5 - 1

        def distance(values):
            inputs = {"images": values, "style_weights": weights[None], "strength": np.ones(1, "float32")}
            painted = network.runtime.network(inputs, training=False)
            return ops.mean(ops.square(painted - images), axis=(1, 2, 3))

        return ops.convert_to_numpy(input_gradient(distance, images)[1])[0][crop]

    return gradient
