"""Total variation: the roughness of a picture, in the three forms that the field calls by this one name."""

from keras import ops

TOTAL_VARIATION_FORMS = ("squared", "absolute", "sum")


def total_variation(images, form="squared"):
    """Differences of neighbouring pixels, for each image.

    - `"squared"`: mean of the vertical squared differences plus mean of the horizontal ones (Johnson et al.; smooths).
    - `"absolute"`: the same means of absolute differences (anisotropic L1; keeps edges).
    - `"sum"`: the sum of absolute differences, equal to `tf.image.total_variation`: it grows with the picture's size.

    Pixels in [-1, 1] have twice the differences of pixels in [0, 1]: a published weight for [0, 1] is divided by 4 for
    `"squared"` and by 2 for the others.

    Args:
        images: float tensor of shape `(batch, height, width, channels)`.
        form: `"squared"`, `"absolute"` or `"sum"`.

    Returns:
        Float32 tensor of shape `(batch,)`. A side of one pixel has no differences and adds 0.

    Raises:
        ValueError: for an unknown form.
    """
    if form not in TOTAL_VARIATION_FORMS:
        raise ValueError(f"`form` must be one of {', '.join(TOTAL_VARIATION_FORMS)}. Received: {form!r}")
    images = ops.cast(images, "float32")
    total = 0.0
    for difference in (images[:, 1:] - images[:, :-1], images[:, :, 1:] - images[:, :, :-1]):
        terms = ops.square(difference) if form == "squared" else ops.abs(difference)
        term = ops.sum(terms, axis=(1, 2, 3))
        if form != "sum":
            _, height, width, channels = ops.shape(difference)
            term = term / ops.maximum(ops.cast(height * width * channels, "float32"), 1.0)
        total = total + term
    return total
