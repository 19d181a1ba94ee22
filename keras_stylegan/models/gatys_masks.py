"""Region masks at the sizes of a perceptual network's taps."""

import numpy as np


def region_masks(mask, size, taps):
    """A region's mask at each tap, eroded so that features which see over its border do not count.

    A feature of stage I sees about I of its own pixels in each direction (VGG: 1, 5, 12 and 34 image pixels at strides
    1, 2, 4 and 8), so the mask is eroded by I pixels there. A region that erosion would empty is left as it is.

    Args:
        mask: array of shape `(height, width)`, from 0 outside to 1 inside.
        size: (height, width) of the picture.
        taps: names `reluI_J`.

    Returns:
        Dict from tap to float32 array of shape `(1, height / 2^(I-1), width / 2^(I-1), 1)`, rounded down.

    Raises:
        ValueError: for another shape, values outside 0..1 or an empty mask.

    Source: Gatys et al. 2017 (arXiv 1611.07865), section 4.
    """
    mask = np.asarray(mask, "float32")
    if mask.shape != tuple(size):
        raise ValueError(f"`masks` must have the picture's height and width {tuple(size)}. Received: {mask.shape}")
    if not (np.isfinite(mask).all() and mask.min() >= 0 and mask.max() <= 1):
        raise ValueError(f"`masks` must be from 0 to 1. Received: {mask.min()} to {mask.max()}")
    if not mask.any():
        raise ValueError("`masks` must mark at least one pixel. Received: an empty mask")
    masks = {}
    for tap in taps:
        stage = int(tap.removeprefix("relu").split("_")[0])
        reduced = _reduce(mask, 2 ** (stage - 1))
        eroded = _erode(reduced, stage)
        masks[tap] = (eroded if eroded.max() > 0 else reduced)[None, :, :, None]
    return masks


def _erode(mask, radius):
    """Minimum over the square around each place; beyond the picture's border nothing is outside the region."""
    padded = np.pad(mask, radius, constant_values=1)
    return np.lib.stride_tricks.sliding_window_view(padded, (2 * radius + 1,) * 2).min(axis=(2, 3))


def _reduce(mask, factor):
    """Means of blocks; pooling drops the odd last row and column, so they are dropped here."""
    height, width = (side // factor for side in mask.shape)
    blocks = mask[: height * factor, : width * factor].reshape(height, factor, width, factor)
    return blocks.mean(axis=(1, 3))
