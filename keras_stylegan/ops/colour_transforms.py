"""Affine maps of colour that may stand before a critic, as 4 x 4 matrices on (red, green, blue, 1) in [-1, 1].

Each function's neutral argument gives the identity to the bit. The grey axis, along which red = green = blue, stands
for luma.

Source: Karras et al. 2020, "Training Generative Adversarial Networks with Limited Data", appendix B.
"""

import math

import numpy as np
from keras import ops

_IDENTITY = np.eye(4, dtype="float32")
# Projection on the grey axis, cross product with it, and the three colours without the fourth, constant component.
_GREY = np.pad(np.full((3, 3), 1 / 3, "float32"), (0, 1))
_TURN = np.pad(np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]], "float32") / np.float32(math.sqrt(3)), (0, 1))
_COLOURS = np.diag(np.array([1, 1, 1, 0], "float32"))
_CONSTANT = _IDENTITY - _COLOURS
_OFFSET = np.pad(np.ones((3, 1), "float32"), ((0, 1), (3, 0)))


def _times(values, matrix):
    """Each image's value times a constant matrix."""
    return ops.cast(values, "float32")[:, None, None] * ops.convert_to_tensor(matrix)


def brightness(offset):
    """Adds `offset`, a tensor of shape `(batch,)`, to every channel; neutral: 0."""
    return _times(ops.ones_like(offset), _IDENTITY) + _times(offset, _OFFSET)


def contrast(factor):
    """Multiplies every channel by `factor`, a tensor of shape `(batch,)`; neutral: 1."""
    return _times(ops.ones_like(factor), _CONSTANT) + _times(factor, _COLOURS)


def luma_flip(flag):
    """Mirrors luma and keeps hue and saturation where `flag`, a tensor of shape `(batch,)`, is 1; neutral: 0."""
    return _times(ops.ones_like(flag), _IDENTITY) - 2.0 * _times(flag, _GREY)


def hue(angle):
    """Turns colours about the grey axis by `angle` radians, a tensor of shape `(batch,)`; neutral: 0."""
    cosine, sine = ops.cos(angle), ops.sin(angle)
    return saturation(cosine) + _times(sine, _TURN)


def saturation(factor):
    """Multiplies the distance to the grey axis by `factor`, a tensor of shape `(batch,)`; neutral: 1."""
    constant = _times(ops.ones_like(factor), _CONSTANT)
    return constant + _times(factor, _COLOURS) + _times(1.0 - factor, _GREY)


def transform_colours(images, matrices):
    """Applies to every pixel of an image the image's own map.

    Written as sums, not as a matrix product, whose factors accelerators round.

    Args:
        images: tensor of shape `(batch, height, width, 3)`, or one channel, which counts as grey.
        matrices: tensor of shape `(batch, 4, 4)`.

    Returns:
        Tensor of the same shape and dtype. Values are not clipped: a clipped pixel would have no gradient.
    """
    matrices = ops.cast(matrices, "float32")[:, None, None]
    pixels = ops.cast(images, "float32")
    if images.shape[-1] == 1:
        # The mean of the three channels that come of a grey one, written so that the identity stays exact.
        gain = 1.0 + (ops.sum(matrices[..., :3, :3], axis=(-2, -1)) - 3.0) / 3.0
        mapped = pixels * gain[..., None] + ops.mean(matrices[..., :3, 3], axis=-1, keepdims=True)
    else:
        mapped = sum(matrices[..., :3, i] * pixels[..., i][..., None] for i in range(3)) + matrices[..., :3, 3]
    return ops.cast(mapped, images.dtype)
