"""Patches of feature maps, and for each the most similar patch of another picture."""

from keras import ops


def feature_patches(features, size=3, num_patches=None):
    """The squares of `size` by `size` positions of a feature map, each as one row.

    Args:
        features: tensor of shape `(batch, height, width, channels)`, height and width at least `size`.
        size: int, side of a patch in positions.
        num_patches: optional int; so many of them, spread evenly over the rows of the map, so that pictures of
            different sizes can be stacked. A map with fewer repeats some.

    Returns:
        Float32 tensor of shape `(batch, (height - size + 1) * (width - size + 1) or num_patches, size**2 * channels)`.

    Raises:
        ValueError: if the map is smaller than a patch.
    """
    if any(side is not None and side < size for side in features.shape[1:3]):
        raise ValueError(f"`features` must have at least {size} positions on each side. Received: {features.shape}")
    features = ops.cast(features, "float32")
    _, height, width, channels = ops.shape(features)
    rows, columns = height - size + 1, width - size + 1
    shifted = [features[:, i : i + rows, j : j + columns] for i in range(size) for j in range(size)]
    patches = ops.reshape(ops.concatenate(shifted, axis=-1), (-1, rows * columns, size**2 * channels))
    if num_patches is None:
        return patches
    places = (ops.cast(ops.arange(num_patches), "float32") + 0.5) / num_patches
    places = ops.floor(places * ops.cast(rows * columns, "float32"))
    return ops.take(patches, ops.cast(places, "int32"), axis=1)


def nearest_patches(patches, candidates):
    """For each patch the candidate with the greatest normalised cross-correlation with it.

    Args:
        patches: tensor of shape `(batch, n, values)`.
        candidates: tensor of shape `(batch or 1, m, values)`.

    Returns:
        Float32 tensor of shape `(batch, n, values)`; no gradient flows through the choice.

    Source: Li and Wand 2016 (arXiv 1601.04589), equation 4.
    """
    patches = ops.stop_gradient(ops.cast(patches, "float32"))
    candidates = ops.cast(candidates, "float32")
    # The patch's own length does not change which candidate is the nearest.
    lengths = ops.sqrt(ops.sum(ops.square(candidates), axis=-1, keepdims=True) + 1e-12)
    scores = ops.matmul(patches, ops.transpose(candidates / lengths, (0, 2, 1)))
    chosen = ops.argmax(scores, axis=-1)
    _, count, size = ops.shape(candidates)
    if candidates.shape[0] != 1:
        chosen = chosen + ops.expand_dims(ops.cast(ops.arange(ops.shape(chosen)[0]) * count, chosen.dtype), 1)
    return ops.take(ops.reshape(candidates, (-1, size)), chosen, axis=0)
