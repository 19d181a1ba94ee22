"""Scores of fidelity and diversity that look at nearest neighbours: precision, recall, density, coverage."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

# Rows of the distance matrix at a time: 1,024 x 10,000 float64 distances are 80 MB.
_ROWS = 1024


def precision_recall(real: np.ndarray, fake: np.ndarray, num_neighbors: int = 3) -> tuple[float, float]:
    """Improved precision and recall.

    A set's manifold is the union of balls around its images, each as wide as the distance to the image's k-th
    neighbour in the set. Precision is the share of generated images on the manifold of the real ones, recall the share
    of real images on that of the generated ones.

    Args:
        real, fake: arrays `(images, features)`.
        num_neighbors: k.

    Returns:
        Precision and recall, from 0 to 1.

    Raises:
        ValueError: if a set has at most `num_neighbors` images.

    Source: Kynkäänniemi et al. 2019 (arXiv 1904.06991), equations 1 and 2.
    """
    real_radii, fake_radii = (neighbor_distances(features, num_neighbors) for features in (real, fake))
    precision = np.concatenate([(rows <= real_radii).any(axis=1) for rows in _distances(fake, real)])
    recall = np.concatenate([(rows <= fake_radii).any(axis=1) for rows in _distances(real, fake)])
    return float(precision.mean()), float(recall.mean())


def density_coverage(real: np.ndarray, fake: np.ndarray, num_neighbors: int = 5) -> tuple[float, float]:
    """Density and coverage, which one outlier among the real images cannot inflate.

    Density counts in how many real images' balls a generated image lies, over k; coverage is the share of real images
    whose ball holds a generated image.

    Args:
        real, fake: arrays `(images, features)`.
        num_neighbors: k.

    Returns:
        Density (about 1 for sets of one distribution, may be more) and coverage (from 0 to 1).

    Raises:
        ValueError: if a set has at most `num_neighbors` images.

    Source: Naeem et al. 2020 (arXiv 2002.09797), equations 5 and 6.
    """
    _check("fake", fake, num_neighbors)
    radii = neighbor_distances(real, num_neighbors)
    counts = np.zeros(len(real))
    for rows in _distances(fake, real):
        counts += (rows <= radii).sum(axis=0)
    return float(counts.sum() / (num_neighbors * len(fake))), float((counts > 0).mean())


def neighbor_distances(features: np.ndarray, num_neighbors: int) -> np.ndarray:
    """Distance of each image to its k-th nearest neighbour in the same set, itself not counted.

    Args:
        features: array `(images, features)`.
        num_neighbors: k, at least 1 and less than the number of images.

    Returns:
        Float64 array `(images,)`.

    Raises:
        ValueError: if the set has at most `num_neighbors` images.
    """
    _check("features", features, num_neighbors)
    rows_of_all = _distances(features, features)
    # The image itself has place 0.
    return np.concatenate([np.partition(rows, num_neighbors, axis=1)[:, num_neighbors] for rows in rows_of_all])


def nearest_neighbors(
    features: np.ndarray, references: np.ndarray, num_neighbors: int
) -> tuple[np.ndarray, np.ndarray]:
    """The nearest of some images to each of others.

    Args:
        features: array `(images, features)`.
        references: array `(others, features)`.
        num_neighbors: k, from 1 to the number of the others.

    Returns:
        Places in `references` and distances, nearest first: an integer and a float64 array, both `(images, k)`.

    Raises:
        ValueError: if there are less than `num_neighbors` others.
    """
    if not 1 <= num_neighbors <= len(references):
        raise ValueError(
            f"`num_neighbors` must be from 1 to the {len(references)} images of `references`. "
            f"Received: num_neighbors={num_neighbors}"
        )
    found = []
    for rows in _distances(features, references):
        order = np.argsort(rows, axis=1, kind="stable")[:, :num_neighbors]
        found.append((order, np.take_along_axis(rows, order, axis=1)))
    indices, distances = zip(*found, strict=True)
    return np.concatenate(indices), np.concatenate(distances)


def _distances(x: np.ndarray, y: np.ndarray) -> Iterator[np.ndarray]:
    """Euclidean distances of some rows of `x` at a time to all of `y`."""
    x, y = np.asarray(x, "float64"), np.asarray(y, "float64")
    # Distances do not depend on the origin, the cancellation below does.
    centre = y.mean(axis=0)
    x, y = x - centre, y - centre
    squares = np.square(y).sum(axis=1)
    for start in range(0, len(x), _ROWS):
        rows = x[start : start + _ROWS]
        squared = np.square(rows).sum(axis=1)[:, None] + squares - 2 * rows @ y.T
        yield np.sqrt(np.maximum(squared, 0.0))


def _check(name, features, num_neighbors):
    if not 1 <= num_neighbors < len(features):
        raise ValueError(
            f"`num_neighbors` must be at least 1 and less than the {len(features)} images of `{name}`. "
            f"Received: num_neighbors={num_neighbors}"
        )
