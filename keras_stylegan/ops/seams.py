"""What was done to a region of a picture, found at its edge: the colour transform that makes both sides one picture."""

from keras import ops

from keras_stylegan.ops.regions import coverage, pixel_rows, region_moments

# A colour transform, as its difference from the identity: a 3x3 matrix, row by row, and an offset.
TRANSFORM = 12
# Explained share of the target's variance along a rim below which the pictures are not of one scene, and above which
# they are.
_FOREIGN, _SAME = 0.5, 0.9
# How far the mean colour of a thing from another scene goes towards what is beside it.
_FOREIGN_SHARE = 0.3
# Rim pixels of which a transform is half believed.
_FEW = 8.0
# Weight of the source in the pixel beyond a hard edge.
_BEYOND = 0.25


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


def with_rim(masks):
    """Masks that reach a pixel beyond their hard edges too, faintly: along a rim both pictures are seen.

    Args:
        masks: tensor of shape `(batch, height, width, regions)` in [0, 1].

    Returns:
        Float32 tensor of that shape.
    """
    masks = ops.cast(masks, "float32")
    near = ops.max_pool(ops.cast(masks > 0.5, "float32"), 3, strides=1, padding="same")
    return ops.maximum(masks, _BEYOND * near * ops.cast(coverage(masks) == 0.0, "float32"))


def rim_weights(masks):
    """The outer half of edges, where the target still shows and the source already does.

    Args:
        masks: tensor of shape `(batch, height, width, regions)` in [0, 1].

    Returns:
        Float32 tensor of that shape in [0, 1]; 0 along edges without soft pixels.
    """
    masks = ops.cast(masks, "float32")
    return 2.0 * masks * ops.cast(coverage(masks) <= 0.5, "float32")


def seam_transform(source, target, masks):
    """The colour transform of each region that its edge asks for.

    Along a rim both pictures are known pixel by pixel, so the transform is a regression of the target's colours on the
    source's. Where that explains little, as for a thing from another scene, its mean colour moves a little.

    Args:
        source, target: float tensors `(batch, height, width, 3)`.
        masks: tensor of shape `(batch, height, width, regions)` in [0, 1].

    Returns:
        Float32 tensor `(batch, regions, 12)`: 0 of a region without an edge.
    """
    masks = ops.cast(masks, "float32")
    weights = rim_weights(masks)
    fitted, explained = fit_colours(source, target, weights)
    count = ops.sum(weights, axis=(1, 2))[..., None]
    trust = ops.clip((explained - _FOREIGN) / (_SAME - _FOREIGN), 0.0, 1.0) * count / (count + _FEW)
    return trust * fitted + (1.0 - trust) * shift_colours(source, target, masks > 0.5)


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
    weights = ops.transpose(pixel_rows(ops.cast(weights, "float32")), (0, 2, 1))
    weights = weights / (ops.sum(weights, axis=-1, keepdims=True) + 1e-6)

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


def shift_colours(source, target, masks):
    """A part of the way from the mean colour on the inner side of a region's edge to that on the outer side.

    A thing from another scene keeps its contrast: what lies beside it says little of how it would look there. The sides
    are means over windows of 3x3 pixels on the edge.

    Args:
        source, target: float tensors `(batch, height, width, 3)`; the source is read in the regions, the target beside.
        masks: tensor `(batch, height, width, regions)` of 0 and 1.

    Returns:
        Float32 transform `(batch, regions, 12)`, 0 of a region without an edge.
    """
    masks = ops.cast(masks, "float32")
    covered = coverage(masks)
    share, rest = _window_mean(covered), _window_mean(1.0 - covered)
    inside = _window_mean(covered * ops.cast(source, "float32")) / ops.maximum(share, 1e-3)
    outside = _window_mean((1.0 - covered) * ops.cast(target, "float32")) / ops.maximum(rest, 1e-3)
    weights = _window_mean(masks) * rest
    length = ops.sum(weights, axis=(1, 2))[..., None]
    step = region_moments(outside - inside, weights)[0]
    offset = _FOREIGN_SHARE * length / (length + 1.0) * step
    return ops.concatenate([ops.zeros_like(offset)] * 3 + [offset], axis=-1)


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


def _window_mean(maps):
    return ops.average_pool(maps, 3, strides=1, padding="same")
