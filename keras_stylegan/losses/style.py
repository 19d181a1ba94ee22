"""Style loss by method: statistics of features, computed once for the style pictures, and the distance between them.

    targets = style_statistics(network(style_pictures), method="gram")     # once; {tap: (styles, ...)}
    chosen = {tap: ops.take(bank, style, axis=0) for tap, bank in targets.items()}     # one style per image
    loss = style_loss(style_statistics(network(outputs), method="gram"), chosen, method="gram")     # (batch,)

Statistics are plain dictionaries of one tensor per tap, batch first, so a bank of N styles stacks, gathers and saves
like any array.
"""

from keras import ops

from keras_stylegan.ops.patches import feature_patches, nearest_patches
from keras_stylegan.ops.statistics import gram_matrix, moments, relative_distance, resample_quantiles, sorted_values

STYLE_METHODS = ("gram", "mean_std", "sorted", "patch")
STYLE_DISTANCES = ("rooted", "relative", "squared")

# Under the root sqrt(d + epsilon) the slope at distance 0 is 1 / (2 sqrt(epsilon)) instead of infinite.
_ROOT_EPSILON = 1e-8
_VARIANCE_EPSILON = 1e-5


def style_statistics(features, method="gram", taps=None, masks=None, num_quantiles=None, num_patches=None):
    """The statistics of features that a style method compares.

    Args:
        features: dict from tap name to tensor of shape `(batch, height, width, channels)`.
        method: `"gram"` (Gram matrices normalised by height * width * channels), `"mean_std"` (AdaIN's statistics),
            `"sorted"` (each channel's sorted values, exact feature distribution matching) or `"patch"` (squares of 3x3
            positions, to be matched one by one).
        taps: optional list of the taps to use; all of them by default.
        masks: optional dict from tap name to a region's mask of shape `(batch or 1, height, width, 1)` at that tap's
            size; `"gram"` only.
        num_quantiles: optional int, for `"sorted"`: interpolate to this many values, so that style pictures of
            different sizes can share a bank.
        num_patches: optional int, for `"patch"`: so many patches, spread over the picture, likewise.

    Returns:
        Dict from tap name to a float32 tensor: `(batch, channels, channels)` for `"gram"`, `(batch, 2, channels)`
        (mean, standard deviation) for `"mean_std"`, `(batch, values, channels)` for `"sorted"`, `(batch, patches, 9 *
        channels)` for `"patch"`.

    Raises:
        ValueError: for an unknown method or tap, or an option that the method does not have.
    """
    _check_name("method", method, STYLE_METHODS)
    if masks is not None and method != "gram":
        raise ValueError(f'`masks` need `method="gram"`. Received: method={method!r}')
    if num_quantiles is not None and method != "sorted":
        raise ValueError(f'`num_quantiles` needs `method="sorted"`. Received: method={method!r}')
    if num_patches is not None and method != "patch":
        raise ValueError(f'`num_patches` needs `method="patch"`. Received: method={method!r}')
    taps = list(features) if taps is None else taps
    for tap in taps:
        _check_name("taps", tap, features)
        if masks is not None:
            _check_name("masks", tap, masks)
    if method == "gram":
        return {tap: gram_matrix(features[tap], mask=None if masks is None else masks[tap]) for tap in taps}
    if method == "mean_std":
        return {tap: ops.stack(moments(features[tap], _VARIANCE_EPSILON), axis=1) for tap in taps}
    if method == "patch":
        return {tap: feature_patches(features[tap], num_patches=num_patches) for tap in taps}
    return {tap: sorted_values(features[tap], num_quantiles) for tap in taps}


def style_loss(statistics, targets, method="gram", distance="rooted"):
    """Mean over taps of the distance between two pictures' style statistics, for each image.

    The distances, for the statistics x and y of one tap:

    - `"rooted"`: `sqrt(|x - y|^2 / (|x|^2 + |y|^2))`. Balanced: bounded and free of scale, so one weight means the same
      for every style and tap; and its gradient does not fade near the style, which is what gives distinct strokes
      (without the root the same loss stops at grey, noisy pictures).
    - `"relative"`: the same without the root.
    - `"squared"`: `mean((x - y)^2)`, the plain style loss of Johnson et al., unbalanced.

    With `"patch"`, y holds for each patch of the output the style's patch that resembles it most.

    Args:
        statistics: dict of `style_statistics` of the outputs; taps that `targets` lacks are left out.
        targets: dict of `style_statistics` of the styles, batch equal or one. Sorted values of another number than the
            outputs' are interpolated to theirs.
        method: the method both were computed with.
        distance: `"rooted"`, `"relative"` or `"squared"`.

    Returns:
        Float32 tensor of shape `(batch,)`; 0 for equal statistics.

    Raises:
        ValueError: for an unknown method or distance, empty targets or a tap that `statistics` lacks.

    Source: balanced loss: Cheng et al. 2021 (arXiv 2104.10064); the root is this project's, measured. Gram: Johnson et
    al. 2016, equation 4; mean and deviation: Huang and Belongie 2017, equation 13; sorted: Zhang et al. 2022; patch:
    Li and Wand 2016, equations 3 and 4.
    """
    _check_name("method", method, STYLE_METHODS)
    _check_name("distance", distance, STYLE_DISTANCES)
    if not targets:
        raise ValueError(f"`targets` must have at least one tap. Received: {targets!r}")
    total = 0.0
    for tap in sorted(targets):
        _check_name("targets", tap, statistics)
        value, target = statistics[tap], targets[tap]
        if method == "sorted" and (value.shape[1] is None or value.shape[1] != target.shape[1]):
            target = resample_quantiles(target, ops.shape(value)[1])
        if method == "patch":
            target = nearest_patches(value, target)
        if distance == "squared":
            total = total + ops.mean(ops.square(value - target), axis=(1, 2))
            continue
        term = relative_distance(value, target)
        total = total + (ops.sqrt(term + _ROOT_EPSILON) - _ROOT_EPSILON**0.5 if distance == "rooted" else term)
    return total / len(targets)


def _check_name(argument, name, valid):
    if name not in valid:
        raise ValueError(f"`{argument}` must be among {', '.join(valid)}. Received: {name!r}")
