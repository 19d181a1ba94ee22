"""Pictures of a generator: by seeds, or of latents."""

import numpy as np
from keras import ops

from keras_stylegan.latents import seeded_latents
from keras_stylegan.models.directions import check_layers


def generate(generator, seeds, labels=None, batch_size=16, **options):
    """Generates a picture for each seed; a seed's picture does not depend on the others.

    Args:
        generator: built generator with `latent_dim` and `num_classes`.
        seeds: list of integers from 0 on.
        labels: list of class numbers, one a seed; None without classes.
        batch_size: int, pictures generated at a time.
        **options: arguments of the generator's call, such as `truncation`.

    Returns:
        uint8 array of shape `(seeds, height, width, channels)`.

    Raises:
        ValueError: if a seed is negative, or the labels are not one class of the generator for each seed.
    """
    return render(generator, seeded_latents(seeds, generator.latent_dim), labels, batch_size, **options)


def render(generator, latents, labels=None, batch_size=16, report=lambda done: None, **options):
    """Pictures of latents.

    Args:
        generator, labels, batch_size, **options: as of `generate`.
        latents: float `(count, latent_dim)`.
        report: called with the number of pictures made.

    Returns:
        As `generate`.

    Raises:
        ValueError: if the labels are not one class of the generator for each latent.
    """
    one_hot = one_hot_labels(labels, len(latents), generator.num_classes)
    pictures = []
    for start in range(0, len(latents), batch_size):
        part = slice(start, start + batch_size)
        images = generator(latents[part], None if one_hot is None else one_hot[part], **options)
        pictures.append(_to_uint8(images))
        report(min(start + batch_size, len(latents)))
    return np.concatenate(pictures)


def mix_styles(generator, rows, columns, layers, labels=None, truncation=1.0, batch_size=16):
    """Mixes the styles of two sets of latents: each row's pictures, with some layers styled by each column.

    Args:
        generator: built style-based generator, with `map_latents`, `truncate`, `broadcast`, `synthesize`, `num_styles`.
        rows: float array of shape `(rows, latent_dim)`.
        columns: float array of shape `(columns, latent_dim)`.
        layers: `(first, last)`: layers first, ..., last - 1 take the column's style. Low ones set pose and layout, high
            ones colours.
        labels: one class number for all pictures; None without classes.
        truncation: float, psi.
        batch_size: int, pictures generated at a time.

    Returns:
        uint8 array of shape `(rows + 1, columns + 1, height, width, channels)`: in the first row and column, but for
        its white corner, the pictures that are mixed.

    Raises:
        ValueError: if `layers` is not a range of the generator's.

    Source: Karras et al. 2019, "A Style-Based Generator Architecture for Generative Adversarial Networks", figure 3.
    """
    first, last = check_layers(generator, layers)
    count = len(rows) + len(columns)
    numbers = None if labels is None else [labels] * count
    styles = map_styles(generator, np.concatenate([rows, columns]), numbers, truncation)
    across, down = styles[len(rows) :], styles[: len(rows)]
    mixed = np.repeat(down[:, None], len(columns), axis=1)
    mixed[:, :, first:last] = across[None, :, first:last]
    flat = np.concatenate([across, down, mixed.reshape(-1, *styles.shape[1:])])
    pictures = render_styles(generator, flat, batch_size)
    grid = np.full((len(rows) + 1, len(columns) + 1, *pictures.shape[1:]), 255, "uint8")
    grid[0, 1:] = pictures[: len(columns)]
    grid[1:, 0] = pictures[len(columns) : count]
    grid[1:, 1:] = pictures[count:].reshape(len(rows), len(columns), *pictures.shape[1:])
    return grid


def seeded_styles(generator, seeds, labels=None, truncation=1.0):
    """The styles of the pictures that `generate` makes of `seeds`; arguments as there, result as of `map_styles`."""
    return map_styles(generator, seeded_latents(seeds, generator.latent_dim), labels, truncation)


def map_styles(generator, latents, labels=None, truncation=1.0):
    """Styles of latents, float `(count, latent_dim)`, as float32 `(count, num_styles, style_dim)`."""
    one_hot = one_hot_labels(labels, len(latents), generator.num_classes)
    w = generator.truncate(generator.map_latents(latents, one_hot), one_hot, np.float32(truncation))
    return ops.convert_to_numpy(generator.broadcast(w))


def render_styles(generator, styles, batch_size=16, report=lambda done: None):
    """Pictures of styles.

    Args:
        generator: built style-based generator.
        styles: float array of shape `(count, num_styles, style_dim)`, W+.
        batch_size: int, pictures generated at a time.
        report: called with the number of pictures made.

    Returns:
        uint8 array of shape `(count, height, width, channels)`.
    """
    pictures = []
    for start in range(0, len(styles), batch_size):
        pictures.append(_to_uint8(generator.synthesize(styles[start : start + batch_size])))
        report(min(start + batch_size, len(styles)))
    return np.concatenate(pictures)


def style_moments(generator, label=None, count=10_000):
    """Mean and spread of a generator's styles.

    Measured, because the running mean that truncation uses is 0 before training, and has no spread.

    Args:
        generator: built style-based generator.
        label: class number; None without classes, or for all classes in turns.
        count: int, number of styles, always of the same latents.

    Returns:
        `(mean, spread)`: float32 array of shape `(style_dim,)`, and a float: the root mean square of the coordinates of
        w - mean.

    Source: Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", appendix D.
    """
    labels = None
    if generator.num_classes:
        labels = [index % generator.num_classes if label is None else label for index in range(count)]
    latents = np.random.default_rng(0).standard_normal((count, generator.latent_dim), "float32")
    w = generator.map_latents(latents, one_hot_labels(labels, count, generator.num_classes))
    w = ops.convert_to_numpy(w).astype("float64")
    mean = w.mean(axis=0)
    return mean.astype("float32"), float(np.sqrt(np.mean(np.square(w - mean))))


def _to_uint8(images):
    return np.clip(np.rint((ops.convert_to_numpy(images) + 1.0) * 127.5), 0, 255).astype("uint8")


def one_hot_labels(labels, count, num_classes):
    """Class numbers as rows for a generator.

    Args:
        labels: None, or `count` integers in [0, num_classes).
        count: int.
        num_classes: int, 0 without classes.

    Returns:
        float32 array of shape `(count, num_classes)`, or None without classes.

    Raises:
        ValueError: if there are classes and no labels, or the other way round, or a label is out of range.
    """
    if not num_classes:
        if labels is not None:
            raise ValueError(f"`labels` must be None: the generator has no classes. Received: labels={labels}")
        return None
    numbers = np.asarray([] if labels is None else labels)
    if numbers.shape != (count,) or (numbers < 0).any() or (numbers >= num_classes).any():
        raise ValueError(f"`labels` must be {count} classes from 0 to {num_classes - 1}. Received: labels={labels}")
    return np.eye(num_classes, dtype="float32")[numbers]
