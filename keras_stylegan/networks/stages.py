"""The stages of networks that halve or double pictures: from a size to sizes and channels, and the checks of both."""

import collections

from keras_stylegan.layers.conv_blocks import check_positive

Stage = collections.namedtuple("Stage", ["height", "width", "channels"])
Stage.__doc__ = "Height, width and channels of the features between two resamplings."

SMALLEST, LARGEST_BASE = 4, 16


def check_sizes(num_classes=0, **sizes):
    """Raises ValueError for the first of the named sizes that is not positive, and for classes without a choice."""
    check_positive(**sizes)
    if num_classes < 0 or num_classes == 1:
        raise ValueError(f"`num_classes` must be 0 or at least 2. Received: num_classes={num_classes}")


def resolutions(size, smallest=SMALLEST):
    """Halves a size as long as both sides are even and the shorter one stays at least `smallest`.

    A generator grows through these sizes, a critic shrinks through them, so that any picture has a network:
    (64, 64) starts at 4x4, (48, 80) at 6x10 and (90, 60) at 45x30.

    Args:
        size: `(height, width)`, in pixels.
        smallest: int, shorter side of the first size at least.

    Returns:
        List of `(height, width)`, from the smallest to `size`; each is twice the one before.

    Raises:
        ValueError: if `size` is not two positive numbers.
    """
    if len(size) != 2 or min(size) < 1:
        raise ValueError(f"`size` must be (height, width), both positive. Received: size={size}")
    sizes = [tuple(size)]
    while all(side % 2 == 0 for side in sizes[0]) and min(sizes[0]) // 2 >= smallest:
        sizes.insert(0, tuple(side // 2 for side in sizes[0]))
    return sizes


def _nearest(size):
    """The size next to one that has no small base: multiples of the power of two that leaves the largest base."""
    power = 1
    while min(size) > LARGEST_BASE * power:
        power *= 2
    return tuple(max(SMALLEST, round(side / power)) * power for side in size)


def stage_widths(num_stages, filters, max_filters):
    """Channels of each stage, from the smallest size on: `filters` at the last, twice as many at each half of it."""
    return [min(filters * 2**k, max_filters) for k in reversed(range(num_stages))]


def stages(size, channel_base=16384, channel_max=512):
    """The `resolutions` of a size that halves to a small base, with StyleGAN2's channels.

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
    check_sizes(channel_base=channel_base, channel_max=channel_max)
    sizes = resolutions(size)
    if not SMALLEST <= min(sizes[0]) <= LARGEST_BASE:
        raise ValueError(
            f"`size` must be (height, width), {SMALLEST} to {LARGEST_BASE} pixels on the shorter side times a power "
            f"of two. Received: size={size}; near it is {_nearest(size)}"
        )
    widths = [max(1, min(channel_base // (SMALLEST * 2**i), channel_max)) for i in range(len(sizes))]
    return [Stage(*pair, width) for pair, width in zip(sizes, widths, strict=True)]
