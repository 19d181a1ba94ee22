"""The stages of a growing network: from a picture's size to sizes and channels."""

import collections

Stage = collections.namedtuple("Stage", ["height", "width", "channels"])
Stage.__doc__ = "Height, width and channels of the features between two resamplings."

SMALLEST, LARGEST_BASE = 4, 16


def stages(size, channel_base=16384, channel_max=512):
    """Halves a size as long as both sides are even and at least twice `SMALLEST`.

    (64, 64) starts at 4x4, (144, 256) at 9x16 and (48, 80) at 6x10.

    Args:
        size: `(height, width)` in pixels.
        channel_base: int; stage i has `channel_base / (4 * 2^i)` channels, so that a square picture of 4 * 2^n
            pixels has the channels of the papers.
        channel_max: int, channels at most.

    Returns:
        List of `Stage`, from the smallest to `size`.

    Raises:
        ValueError: if the size cannot be made from a base of 4 to 16 pixels, or a number is not positive.
    """
    if min(channel_base, channel_max) < 1:
        raise ValueError(
            "`channel_base` and `channel_max` must be positive. "
            f"Received: channel_base={channel_base}, channel_max={channel_max}"
        )
    sizes = [tuple(size)]
    while len(sizes[0]) == 2 and all(n % 2 == 0 and n >= 2 * SMALLEST for n in sizes[0]):
        sizes.insert(0, tuple(n // 2 for n in sizes[0]))
    if len(sizes[0]) != 2 or not SMALLEST <= min(sizes[0]) <= LARGEST_BASE:
        raise ValueError(
            f"`size` must be (height, width), {SMALLEST} to {LARGEST_BASE} pixels on the shorter side times a power "
            f"of two. Received: size={size}"
        )
    widths = [max(1, min(channel_base // (SMALLEST * 2**i), channel_max)) for i in range(len(sizes))]
    return [Stage(*pair, width) for pair, width in zip(sizes, widths, strict=True)]
