"""What was done to a picture's colours, by weighted least squares: a transform, a ramp of light, tone curves."""

import numpy as np
from keras import ops

from keras_stylegan.ops.regions import pixel_rows

# A colour transform, as its difference from the identity: a 3x3 matrix, row by row, and an offset.
TRANSFORM = 12
# Ridges, in units of squared values: towards no ramp of light, and towards a straight curve.
_NO_RAMP, _STRAIGHT = (1e-4, 1e-4, 1e-4), (1e-6, 1e-3, 1e-3)
# Share of the squared difference that a ramp must explain to be believed a little, and altogether: what it does not
# explain, such as the lost detail of a blurred picture, would tilt it.
_HARDLY, _SURELY = 0.15, 0.4
# A squared difference below a grey level; not 0 in half precision, in which constants ship.
_NO_DIFFERENCE = 1e-5
# Of a ramp, as a logarithm: nothing becomes darker or brighter than e times.
_STEEPEST = 1.0


def change_colours(colours, transform):
    """What a transform adds to colours.

    Args:
        colours: float tensor `(batch, height, width, 3)`.
        transform: float tensor `(batch, height, width, 12)`.

    Returns:
        Tensor of the colours' shape.
    """
    matrix, offset = transform[..., :9], transform[..., 9:]
    rows = [ops.sum(matrix[..., 3 * i : 3 * i + 3] * colours, axis=-1, keepdims=True) for i in range(3)]
    return ops.concatenate(rows, axis=-1) + offset


def fit_colours(source, target, weights, epsilon=3e-4):
    """The colour transform, by weighted least squares, that takes the source to the target.

    Args:
        source, target: float tensors `(batch, height, width, 3)`.
        weights: float tensor `(batch, height, width, regions)`, of the pixels in the fit of each region.
        epsilon: float, ridge towards the identity, in units of the colours' variance.

    Returns:
        Float32 transform `(batch, regions, 12)`, and the explained share of the target's variance `(batch, regions,
        1)`, 1 where there is none.
    """
    source, target = (pixel_rows(ops.cast(picture, "float32")) for picture in (source, target))
    # About a colour of the picture: E[xy] - E[x]E[y] cancels where means are large.
    centre = ops.mean(source, axis=1, keepdims=True)
    source, target = source - centre, target - centre
    weights = _shares(weights)

    def mean(rows):
        return ops.matmul(weights, rows)

    def covariance(a, b):
        products = mean(ops.concatenate([a[..., i : i + 1] * b for i in range(3)], axis=-1))
        return _matrices(products) - mean(a)[..., :, None] * mean(b)[..., None, :]

    ridge = epsilon * ops.eye(3)
    of_source, across, of_target = covariance(source, source), covariance(target, source), covariance(target, target)
    matrix = _divide_symmetric(across + ridge, of_source + ridge)
    # The error of the fit, by its trace: T - 2 M X' + M S M'.
    error = _trace(of_target - matrix @ ops.transpose(2.0 * across - matrix @ of_source, (0, 1, 3, 2)))
    explained = 1.0 - error / (_trace(of_target) + epsilon)
    centre = centre[:, :, :, None]
    offset = mean(target)[..., None] + centre - matrix @ (mean(source)[..., None] + centre)
    return ops.concatenate([_rows(matrix - ops.eye(3)), offset[..., 0]], axis=-1), explained[..., None]


def light_ramp(colours, slopes):
    """Colours under a gain of `exp(down * row + across * column)`, rows and columns from -1 to 1; black stays black.

    Args:
        colours: float tensor `(batch, height, width, 3)` in [-1, 1].
        slopes: float tensor `(batch, height, width, 2)`, down and across.
    """
    steepness = ops.sum(slopes * _places(colours), axis=-1, keepdims=True)
    return (colours + 1.0) * ops.exp(ops.clip(steepness, -_STEEPEST, _STEEPEST)) - 1.0


def fit_ramp(colours, target, weights):
    """The slopes of a ramp of light, to first order, that takes colours to the target's, by weighted least squares.

    Args:
        colours, target: float tensors `(batch, height, width, 3)` in [-1, 1].
        weights: float tensor `(batch, height, width, regions)`, of the pixels in the fit of each region.

    Returns:
        Float32 tensor `(batch, regions, 2)`, down and across; 0 without pixels, and where a ramp explains little of the
        difference.
    """
    values, difference = (colours + 1.0) / 2.0, (target - colours) / 2.0
    places = _places(colours)
    basis = ops.concatenate([ops.ones_like(places[..., :1]), places], axis=-1)
    square, across = (ops.sum(values * x, axis=-1, keepdims=True) for x in (values, difference))
    fitted, explained = _fit(basis, square, across, weights, _NO_RAMP)
    total = ops.matmul(_shares(weights), pixel_rows(ops.sum(ops.square(difference), axis=-1, keepdims=True)))
    share = explained / (total + _NO_DIFFERENCE)
    return fitted[..., 1:] * ops.clip((share - _HARDLY) / (_SURELY - _HARDLY), 0.0, 1.0)


def fit_curves(colours, target, weights):
    """The tone curve of each channel, a parabola, that takes colours to the target's, by weighted least squares.

    Args:
        colours, target: float tensors `(batch, height, width, 3)` in [-1, 1].
        weights: float tensor `(batch, height, width, regions)`, of the pixels in the fit of each region.

    Returns:
        Float32 tensor `(batch, regions, 9)`: constant, slope and square of what the curve adds, three channels each; 0
        without pixels.
    """
    fitted = []
    for channel in range(3):
        x, y = (picture[..., channel : channel + 1] for picture in (colours, target - colours))
        ones = ops.ones_like(x)
        fitted.append(_fit(ops.concatenate([ones, x, ops.square(x)], axis=-1), ones, y, weights, _STRAIGHT)[0])
    stacked = ops.stack(fitted, axis=-1)
    return ops.concatenate([stacked[..., i, :] for i in range(3)], axis=-1)


def follow_curves(colours, curves):
    """What tone curves add to colours.

    Args:
        colours: float tensor `(batch, height, width, 3)`.
        curves: float tensor `(batch, height, width, 9)`, as `fit_curves` gives them.
    """
    return curves[..., :3] + colours * (curves[..., 3:6] + colours * curves[..., 6:])


def _fit(basis, square, across, weights, ridges):
    """Minimises, by region, the weighted mean of `square * (basis f)^2 - 2 across (basis f)` plus `ridges * f^2`.

    Args:
        basis: tensor `(batch or 1, height, width, 3)`.
        square, across: tensors `(batch, height, width, 1)`.
        weights: tensor `(batch, height, width, regions)`.
        ridges: three floats.

    Returns:
        Tensor `(batch, regions, 3)`, and by how much it makes the mean less than for zeros, `(batch, regions, 1)`.
    """
    products = [square * basis[..., i : i + 1] * basis for i in range(3)]
    rows = pixel_rows(ops.concatenate([*products, across * basis], axis=-1))
    moments = ops.matmul(_shares(weights), rows)
    matrices = _matrices(moments[..., :9]) + ops.convert_to_tensor(np.diag(ridges).astype("float32"))
    fitted = _divide_symmetric(moments[..., 9:][..., None, :], matrices)[..., 0, :]
    return fitted, ops.sum(fitted * moments[..., 9:], axis=-1, keepdims=True)


def _shares(weights):
    """Weights `(batch, height, width, regions)` as `(batch, regions, height * width)`, rows that sum to 1 or are 0."""
    weights = ops.transpose(pixel_rows(ops.cast(weights, "float32")), (0, 2, 1))
    return weights / (ops.sum(weights, axis=-1, keepdims=True) + 1e-6)


def _places(maps):
    """Row and column of every pixel, from -1 to 1 between the picture's borders, `(1, height, width, 2)`."""
    # Counting by a cumulative sum works with unknown sizes on every backend and in LiteRT.
    down, across = ops.ones_like(maps[:1, :, :1, :1]), ops.ones_like(maps[:1, :1, :, :1])
    rows, columns = ((2.0 * ops.cumsum(x, axis) - 1.0) / ops.sum(x) - 1.0 for x, axis in ((down, 1), (across, 2)))
    return ops.concatenate([rows * across, down * columns], axis=-1)


def _divide_symmetric(b, a):
    """`b` times the inverse of `a`, symmetric and positive definite, both `(..., 3, 3)`: by L D L', without pivots."""

    def entry(i, j):
        return a[..., i, j][..., None]

    first = entry(0, 0)
    low10, low20 = entry(1, 0) / first, entry(2, 0) / first
    second = entry(1, 1) - low10 * entry(1, 0)
    low21 = (entry(2, 1) - low20 * entry(1, 0)) / second
    third = entry(2, 2) - low20 * entry(2, 0) - low21 * low21 * second
    x0 = b[..., 0]
    x1 = b[..., 1] - low10 * x0
    x2 = (b[..., 2] - low20 * x0 - low21 * x1) / third
    x1 = x1 / second - low21 * x2
    x0 = x0 / first - low10 * x1 - low20 * x2
    return ops.stack([x0, x1, x2], axis=-1)


def _matrices(rows):
    return ops.reshape(rows, (*ops.shape(rows)[:-1], 3, 3))


def _rows(matrices):
    return ops.reshape(matrices, (*ops.shape(matrices)[:-2], 9))


def _trace(matrices):
    return ops.sum(matrices * ops.eye(3), axis=(-2, -1))
