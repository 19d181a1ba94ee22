"""Checks of pictures given to models that train on one."""

import numpy as np


def check_picture(argument, image):
    """Returns a picture as a float32 batch of one.

    Args:
        argument: what a message calls it.
        image: float array of shape `(height, width, 3)`, RGB in [-1, 1].

    Returns:
        Float32 array of shape `(1, height, width, 3)`.

    Raises:
        ValueError: for another shape, or values that are not finite or out of range.
    """
    image = np.asarray(image, "float32")
    if image.ndim != 3 or image.shape[-1] != 3:
        raise ValueError(f"`{argument}` must have the shape (height, width, 3). Received: {image.shape}")
    if not (np.isfinite(image).all() and image.min() >= -1.001 and image.max() <= 1.001):
        raise ValueError(f"`{argument}` must be in [-1, 1]. Received: {image.min()} to {image.max()}")
    return image[None]
