"""Bicubic resizing as Pillow defines it, as matrices and as one convolution, on every backend and in LiteRT."""

import numpy as np
from keras import ops

from keras_stylegan.ops.padding import reflect_pad


def bicubic_kernel(x):
    """Keys' cubic with a = -1/2, the filter that Pillow calls bicubic.

    Args:
        x: float array, distances in pixels.

    Returns:
        Float array of the shape of `x`, 0 from 2 on.

    Source: Keys 1981, "Cubic Convolution Interpolation for Digital Image Processing", equation 15.
    """
    x = np.abs(x)
    near = 1.5 * x**3 - 2.5 * x**2 + 1
    far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def resize_matrix(source, target):
    """The matrix that resizes one axis from `source` to `target` pixels; when shrinking, the filter is widened.

    Args:
        source, target: ints, pixels.

    Returns:
        float32 array of shape `(target, source)`, whose rows sum to 1.
    """
    scale = source / target
    centres = (np.arange(target) + 0.5) * scale - 0.5
    rows = bicubic_kernel((centres[:, None] - np.arange(source)) / max(scale, 1.0))
    return (rows / rows.sum(axis=1, keepdims=True)).astype("float32")


def resize_bicubic(images, size):
    """Resizes pictures of known size, with antialiasing when shrinking.

    Args:
        images: tensor of shape `(batch, height, width, channels)`.
        size: `(height, width)` of the result.

    Returns:
        Tensor of shape `(batch, *size, channels)`.
    """
    rows, columns = (resize_matrix(source, target) for source, target in zip(images.shape[1:3], size, strict=True))
    x = ops.einsum("oh,bhwc->bowc", ops.cast(rows, images.dtype), images)
    return ops.einsum("pw,bowc->bopc", ops.cast(columns, images.dtype), x)


def upsample_bicubic(images, factor):
    """Enlarges RGB pictures of any size, unknown ones too, by one convolution and depth-to-space.

    The result is Pillow's but for the outermost `2 * factor` pixels, where the picture is continued by reflection.

    Args:
        images: tensor of shape `(batch, height, width, 3)`, height and width at least 3.
        factor: int.

    Returns:
        Tensor of shape `(batch, factor * height, factor * width, 3)`.
    """
    # Output pixel p of a source pixel's block lies (p + 1/2) / factor - 1/2 pixels from its centre.
    offsets = (np.arange(factor) + 0.5) / factor - 0.5
    taps = bicubic_kernel(offsets[:, None] - np.arange(-2, 3))
    kernel = np.einsum("py,qx,cd->yxcpqd", taps, taps, np.eye(3)).reshape(5, 5, 3, 3 * factor**2)
    x = ops.conv(reflect_pad(images, 2), ops.convert_to_tensor(kernel, images.dtype))
    return ops.depth_to_space(x, factor)
