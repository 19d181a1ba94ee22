"""Grouped convolution in two forms that are equal."""

from keras import ops


def grouped_conv(features, kernel):
    """Convolves groups of channels apart, zero-padded, by the backend's grouped convolution.

    TensorFlow's gradient of it does not run everywhere on CPU (`ops.gradients.grouped_convolution_differentiates`).

    Args:
        features: tensor of shape `(batch, height, width, channels)`.
        kernel: tensor of shape `(size, size, channels / groups, filters)`, size odd.

    Returns:
        Tensor of shape `(batch, height, width, filters)`.
    """
    return ops.conv(features, kernel, padding="same")


def grouped_conv_by_taps(features, kernel):
    """The same by its definition: for each tap a product of matrices per group, on shifted features.

    Runs and differentiates, at any order, wherever matrices do. Arguments and result as for `grouped_conv`.
    """
    size, _, width, filters = kernel.shape
    _, height, breadth, channels = features.shape
    height, breadth = (ops.shape(features)[i] if n is None else n for i, n in ((1, height), (2, breadth)))
    groups, reach = channels // width, size // 2
    padded = ops.pad(features, ((0, 0), (reach, reach), (reach, reach), (0, 0)))
    kernel = ops.reshape(kernel, (size, size, width, groups, filters // groups))
    total = 0.0
    for row in range(size):
        for column in range(size):
            shifted = padded[:, row : row + height, column : column + breadth]
            shifted = ops.reshape(shifted, (-1, height, breadth, groups, width))
            total = total + ops.einsum("nhwgi,igo->nhwgo", shifted, kernel[row, column])
    return ops.reshape(total, (-1, height, breadth, filters))
