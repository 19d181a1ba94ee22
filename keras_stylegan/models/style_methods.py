"""The style methods of a multi-style network, and what each keeps of the paintings."""

import numpy as np
from keras import ops

from keras_stylegan.losses.style import STYLE_METHODS, style_statistics
from keras_stylegan.networks.perceptual import STYLE_TAPS

# Distance to what another method made of the photograph, beside the methods of `style_loss`.
PIXEL = "pixel"
METHODS = (*STYLE_METHODS, PIXEL)
# What is kept of each painting, so that those of different sizes share a bank: sorted values of each channel, patches.
OPTIONS = {"sorted": {"num_quantiles": 1024}, "patch": {"num_patches": 512}}
# Patches are strokes and parts of things, not pixels: those of Li and Wand 2016, section 4.
PATCH_TAPS = ("relu3_1", "relu4_1")


def style_targets(perceptual, pictures, methods):
    """What the paintings of a bank are to each method.

    Args:
        perceptual: `PerceptualNetwork` with the taps of `STYLE_TAPS`.
        pictures: list of float arrays `(height, width, 3)` in [-1, 1], one a style.
        methods: names among `METHODS`.

    Returns:
        Dict from method to a dict from tap to an array `(styles, ...)`, the statistics of every style stacked. The
        method `"pixel"` has none: its targets come with the batches.
    """
    targets = {}
    for method in (method for method in methods if method != PIXEL):
        taps = PATCH_TAPS if method == "patch" else STYLE_TAPS
        rows = [
            style_statistics(perceptual(picture[None]), method, taps=taps, **OPTIONS.get(method, {}))
            for picture in pictures
        ]
        targets[method] = {tap: np.concatenate([ops.convert_to_numpy(row[tap]) for row in rows]) for tap in taps}
    return targets


def weights_by_style(argument, values, num_styles, default=None):
    """Float32 weights `(num_styles,)`, from one for all styles, a sequence, or None; ValueError about `argument`."""
    weights = np.asarray(default if values is None else values, "float32")
    weights = np.full(num_styles, weights) if weights.ndim == 0 else weights
    if weights.shape != (num_styles,) or not np.isfinite(weights).all() or (weights < 0).any():
        raise ValueError(f"`{argument}` must be {num_styles} finite numbers, none negative. Received: {values}")
    return weights
