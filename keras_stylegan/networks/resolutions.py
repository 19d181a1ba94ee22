"""From a picture's size to the sizes of a generator's stages."""


def resolutions(size, smallest=4):
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
