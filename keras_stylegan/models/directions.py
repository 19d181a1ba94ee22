"""Directions in which a generator's pictures change most, read from its weights."""

import numpy as np
from keras import ops


def style_directions(generator, layers=None):
    """Closed-form factorisation: the directions of w that the style layers amplify most.

    Each layer that reads a style maps it by an affine layer, `A w + b`. The directions n that maximise `|A n|^2`, with
    the A of all chosen layers stacked, are the eigenvectors of `A^T A`. No pictures are needed, and no training.

    Args:
        generator: built style-based generator, with `style_readers`, `num_styles` and `style_dim`.
        layers: `(first, last)`: styles first, ..., last - 1 are read; None for all. Low ones set pose and layout, high
            ones colours.

    Returns:
        `(directions, gains)`: float32 array of shape `(style_dim, style_dim)`, a direction of unit length a row, the
        strongest first, its greatest coordinate positive; float32 array of shape `(style_dim,)`, `|A n|^2` of each.

    Raises:
        ValueError: if the generator has no styles, or `layers` is not a range of its.

    Source: Shen and Zhou 2021, "Closed-Form Factorization of Latent Semantics in GANs" (SeFa), section 3.2. Deviation:
    the rows of A are not normalised, so that layers count as much as they amplify.
    """
    if not hasattr(generator, "style_readers"):
        raise ValueError(f"`generator` must be a style-based generator. Received: {generator.name}")
    first, last = check_layers(generator, layers)
    readers = [affine for some in generator.style_readers[first:last] for affine in some]
    # What is left of an affine map when its value at 0 is taken away is its matrix, whatever scales its weights.
    unit, zero = np.eye(generator.style_dim, dtype="float32"), np.zeros((1, generator.style_dim), "float32")
    rows = [ops.convert_to_numpy(affine(unit) - affine(zero)).astype("float64") for affine in readers]
    gains, vectors = np.linalg.eigh(sum(matrix @ matrix.T for matrix in rows))
    directions = vectors.T[::-1]
    greatest = np.argmax(np.abs(directions), axis=1)
    directions = directions * np.sign(directions[np.arange(len(directions)), greatest])[:, None]
    return directions.astype("float32"), np.maximum(gains[::-1], 0.0).astype("float32")


def check_layers(generator, layers):
    """`layers`, or the range of all for None.

    Raises:
        ValueError: if it is not a range of the generator's.
    """
    first, last = (0, generator.num_styles) if layers is None else layers
    if not 0 <= first < last <= generator.num_styles:
        raise ValueError(
            f"`layers` must be (first, last) with 0 <= first < last <= {generator.num_styles}. "
            f"Received: layers={layers}"
        )
    return first, last


def move_styles(styles, directions, lengths, layers):
    """Styles on straight lines through given ones.

    Args:
        styles: float array of shape `(num_styles, style_dim)`.
        directions: float array of shape `(directions, style_dim)`.
        lengths: list of floats, how far along a direction.
        layers: `(first, last)`: styles first, ..., last - 1 are moved.

    Returns:
        float32 array of shape `(directions, lengths, num_styles, style_dim)`.
    """
    moved = np.tile(np.asarray(styles, "float32"), (len(directions), len(lengths), 1, 1))
    steps = np.asarray(directions)[:, None] * np.asarray(lengths, "float32")[None, :, None]
    moved[:, :, layers[0] : layers[1]] += steps[:, :, None]
    return moved
