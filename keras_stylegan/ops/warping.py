"""Warps that may stand before a critic: their gradient is the exact adjoint, and gradients of every order exist.

A warp here is a gather with constant positions and weights, so linear in the picture: its gradient is the scatter-add
of the same pixels, whose gradient is the gather again. The image resizing and projective operators of TensorFlow, and
with them Keras' random layers, back-propagate other maps or stop at the first order.
"""

import math

from keras import ops


def gather_pixels(images, rows, columns):
    """Takes one pixel of the image for each position of the output.

    Args:
        images: tensor of shape `(batch, height, width, channels)`.
        rows: integer tensor broadcastable to `(batch, new_height, new_width)`, within the image.
        columns: the same.

    Returns:
        Tensor of shape `(batch, new_height, new_width, channels)`.
    """
    batch, height, width, channels = ops.shape(images)
    first = ops.reshape(ops.arange(batch, dtype="int32"), (-1, 1, 1)) * (height * width)
    flat = ops.reshape(images, (-1, channels))
    return ops.take(flat, first + rows * width + columns, axis=0)


def reflect(positions, size):
    """Positions beyond the border, mirrored into the image; the border pixel is not repeated.

    Args:
        positions: integer tensor.
        size: int or scalar integer tensor, pixels along the axis.

    Returns:
        Integer tensor of positions in [0, size).
    """
    period = ops.maximum(2 * (size - 1), 1)
    positions = ops.mod(positions, period)
    return ops.minimum(positions, period - positions)


def affine_warp(images, matrices):
    """Warps each image by its own affine map: bilinear between pixels, reflection beyond the border.

    Positions are in pixels from the image's centre, x to the right and y downwards. With the identity (or any map that
    sends pixels onto pixels) the output has the input's values, to the bit.

    Args:
        images: tensor of shape `(batch, height, width, channels)`.
        matrices: tensor of shape `(batch, 2, 3)` or `(batch, 3, 3)`, from output positions `(x, y, 1)` to input
            positions: the inverse of what happens to the picture. No gradient flows to it.

    Returns:
        Tensor of the same shape and dtype.
    """
    _, height, width, _ = ops.shape(images)
    matrices = ops.stop_gradient(ops.cast(matrices, "float32"))
    x = ops.arange(width, dtype="float32")[None, None, :] - _centre(width)
    y = ops.arange(height, dtype="float32")[None, :, None] - _centre(height)

    def entry(row, column):
        return matrices[:, row, column][:, None, None]

    columns = entry(0, 0) * x + entry(0, 1) * y + entry(0, 2) + _centre(width)
    rows = entry(1, 0) * x + entry(1, 1) * y + entry(1, 2) + _centre(height)
    left, top = ops.floor(columns), ops.floor(rows)
    right_share, bottom_share = (columns - left)[..., None], (rows - top)[..., None]
    left, top = ops.cast(left, "int32"), ops.cast(top, "int32")
    exact = ops.cast(images, "float32")

    def taps(row):
        row = reflect(row, height)
        one = gather_pixels(exact, row, reflect(left, width))
        other = gather_pixels(exact, row, reflect(left + 1, width))
        return one * (1.0 - right_share) + other * right_share

    return ops.cast(taps(top) * (1.0 - bottom_share) + taps(top + 1) * bottom_share, images.dtype)


def _centre(size):
    return (ops.cast(size, "float32") - 1.0) / 2.0


def translate(images, shifts):
    """Moves each image by whole pixels; what comes in from outside is 0.

    Args:
        images: tensor of shape `(batch, height, width, channels)`.
        shifts: integer tensor of shape `(batch, 2)`, pixels to the right and downwards.

    Returns:
        Tensor of the same shape and dtype.
    """
    _, height, width, _ = ops.shape(images)
    columns = ops.arange(width, dtype="int32")[None, None, :] - shifts[:, 0][:, None, None]
    rows = ops.arange(height, dtype="int32")[None, :, None] - shifts[:, 1][:, None, None]
    inside = ops.logical_and(ops.logical_and(columns >= 0, columns < width), ops.logical_and(rows >= 0, rows < height))
    moved = gather_pixels(images, ops.clip(rows, 0, height - 1), ops.clip(columns, 0, width - 1))
    return moved * ops.cast(inside, images.dtype)[..., None]


def compose(*matrices):
    """The product of square matrices, in full float32 (accelerators round the factors of a matrix product).

    Args:
        *matrices: tensors of shape `(batch, n, n)`.

    Returns:
        Tensor of shape `(batch, n, n)`, which applies the last matrix first.
    """
    product = matrices[0]
    for matrix in matrices[1:]:
        product = ops.sum(product[:, :, :, None] * matrix[:, None, :, :], axis=2)
    return product


def _matrix(rows, like):
    """Stacks 3 x 3 entries, numbers or tensors of shape `(batch,)`."""
    rows = [[entry if hasattr(entry, "shape") else ops.full_like(like, entry) for entry in row] for row in rows]
    return ops.stack([ops.stack(row, axis=-1) for row in rows], axis=-2)


def translation(x, y):
    """Matrices `(batch, 3, 3)` that move positions by `(x, y)`, tensors of shape `(batch,)`."""
    return _matrix([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]], x)


def scaling(x, y):
    """Matrices `(batch, 3, 3)` that multiply positions by `(x, y)`, tensors of shape `(batch,)`."""
    return _matrix([[x, 0.0, 0.0], [0.0, y, 0.0], [0.0, 0.0, 1.0]], x)


def rotation(angle):
    """Matrices `(batch, 3, 3)` that turn positions by an angle in radians, from x towards y: clockwise as one looks."""
    cosine, sine = ops.cos(angle), ops.sin(angle)
    return _matrix([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]], angle)


def quarter_turns(count):
    """As `rotation` by `count` (float tensor of whole numbers) quarters, with entries of exactly -1, 0 and 1."""
    cosine, sine = ops.round(ops.cos(count * (math.pi / 2))), ops.round(ops.sin(count * (math.pi / 2)))
    return _matrix([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]], count)
