"""What was done to a region of a picture, found at its edge: the colours and light that make both sides one picture."""

from keras import ops

from keras_stylegan.ops.colour_fits import change_colours, fit_colours, fit_ramp, light_ramp
from keras_stylegan.ops.regions import coverage, paint_regions, region_moments

# Explained share of the target's variance along a rim below which the pictures are not of one scene, and above which
# they are.
_FOREIGN, _SAME = 0.5, 0.9
# How far the mean colour of a thing from another scene goes towards what is beside it.
_FOREIGN_SHARE = 0.3
# Rim pixels of which a transform is half believed.
_FEW = 8.0
# Weight of the source in the pixel beyond a hard edge.
_BEYOND = 0.25
# Colours and light are fitted in turn, so many times.
_TURNS = 3


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


def align(source, target, masks):
    """The source with the colours and the light that the edges of its regions ask for.

    A region differs by a colour transform (`seam_transform`) and by a ramp of light, a gain that rises steadily across
    the picture as from a lamp at one side. What the one does looks like the other along a part of an edge, so they are
    fitted in turn.

    Args:
        source, target: float tensors `(batch, height, width, 3)`, RGB in [-1, 1].
        masks: tensor of shape `(batch, height, width, regions)` in [0, 1].

    Returns:
        Float32 tensor `(batch, height, width, 3)`, the source itself where no mask is; the transform
        `(batch, regions, 12)` of the source under the ramp; and how far regressions along the edges are to be believed,
        `(batch, regions, 1)` in [0, 1].
    """
    masks = ops.cast(masks, "float32")
    shares, rim = masks / ops.maximum(coverage(masks), 1e-6), rim_weights(masks)
    lit, slope = source, ops.zeros_like(masks[:, 0, 0, :, None])
    for turn in range(_TURNS + 1):
        transform, trust = _believed(lit, target, masks)
        aligned = lit + change_colours(lit, paint_regions(transform, shares))
        if turn < _TURNS:
            slope = slope + trust * fit_ramp(aligned, target, rim)
            lit = light_ramp(source, paint_regions(slope, shares))
    return aligned, transform, trust


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
    return _believed(source, target, ops.cast(masks, "float32"))[0]


def _believed(source, target, masks):
    """The transforms of `seam_transform`, and how far the regression is believed, `(batch, regions, 1)` in [0, 1]."""
    weights = rim_weights(masks)
    fitted, explained = fit_colours(source, target, weights)
    count = ops.sum(weights, axis=(1, 2))[..., None]
    trust = ops.clip((explained - _FOREIGN) / (_SAME - _FOREIGN), 0.0, 1.0) * count / (count + _FEW)
    return trust * fitted + (1.0 - trust) * shift_colours(source, target, masks > 0.5), trust


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


def _window_mean(maps):
    return ops.average_pool(maps, 3, strides=1, padding="same")
