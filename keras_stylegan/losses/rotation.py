"""The self-supervised task of guessing how a picture was rotated."""

from keras import ops


def rotate(images, turns):
    """Rotates each square picture counter-clockwise by its own number of quarter turns.

    Args:
        images: tensor of shape `(batch, size, size, channels)`.
        turns: integer tensor of shape `(batch,)`, 0 to 3.

    Returns:
        Tensor shaped like `images`.
    """
    flipped = ops.transpose(images, (0, 2, 1, 3))
    rotations = [images, ops.flip(flipped, 1), ops.flip(images, (1, 2)), ops.flip(flipped, 2)]
    chosen = ops.one_hot(turns, 4, dtype=images.dtype)
    return sum(chosen[:, k, None, None, None] * rotated for k, rotated in enumerate(rotations))


def rotation_loss(logits, turns):
    """Cross-entropy of a guess of the number of quarter turns.

    Args:
        logits: tensor of shape `(batch, 4)`.
        turns: integer tensor of shape `(batch,)`, 0 to 3.

    Returns:
        Tensor of shape `(batch,)`, float32.

    Source: Chen et al. 2019, "Self-Supervised GANs via Auxiliary Rotation Loss", equations 4 and 5.
    """
    return ops.sparse_categorical_crossentropy(turns, ops.cast(logits, "float32"), from_logits=True)
