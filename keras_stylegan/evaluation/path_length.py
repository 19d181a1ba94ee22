"""How smoothly a generator's pictures change along paths between its latents."""

from __future__ import annotations

import numpy as np
from keras import ops

from keras_stylegan.evaluation.results import LOWER, Evaluation
from keras_stylegan.inference.generator import PictureGenerator
from keras_stylegan.inference.litert_generator import LiteRTGenerator
from keras_stylegan.keras_files import in_float32
from keras_stylegan.latents import seeded_latents
from keras_stylegan.metrics import perceptual_distance, perceptual_path_length
from keras_stylegan.networks import build_perceptual

SPACES, SAMPLINGS = ("w", "z"), ("end", "full")


def evaluate_path_length(
    generator: PictureGenerator,
    paths: int = 1000,
    space: str | None = None,
    sampling: str = "end",
    label: str | None = None,
    seed: int = 0,
) -> Evaluation:
    """`perceptual_path_length` through the packaged perceptual network: `PPL-compact`.

    Args:
        generator: of Keras. Noise is constant.
        paths: their number; latents are those of the seeds from `seed` on, two a path.
        space: `"w"`, of style-based generators, along lines; `"z"`, along great circles; by default the first possible.
        sampling: `"end"` looks at the beginning of each path, `"full"` anywhere on it.
        label: name of a class; None with classes takes them in turns, in `"w"`.
        seed: the first.

    Raises:
        ValueError: for a generator of LiteRT, an unknown name or class, fewer than two paths, `"w"` of a generator
            without styles, or `"z"` of one with classes without a label.
    """
    network = generator.network
    if isinstance(network, LiteRTGenerator):
        raise ValueError(f"path lengths need a generator of Keras. Received: {network.name}")
    if network.compute_dtype != "float32":  # a step is smaller than half precision can show
        generator = PictureGenerator(in_float32(network), generator.classes)
        network = generator.network
    space = space or ("w" if hasattr(network, "num_styles") else "z")
    for name, given, known in (("space", space, SPACES), ("sampling", sampling, SAMPLINGS)):
        if given not in known:
            raise ValueError(f"`{name}` must be one of {', '.join(known)}. Received: {given}")
    if paths < 2:
        raise ValueError(f"`paths` must be at least 2. Received: {paths}")
    if space == "w":
        generator.check_styles("space=w")
    elif network.num_classes and label is None:
        raise ValueError(f"`label` must name a class, in z: {', '.join(generator.classes)}. Received nothing")
    latents = seeded_latents(range(seed, seed + 2 * paths), network.latent_dim)
    starts, ends = latents[:paths], latents[paths:]
    labels = _labels(generator, label, paths)
    if space == "w":
        starts, ends = (ops.convert_to_numpy(network.map_latents(part, labels)) for part in (starts, ends))
    distance = perceptual_distance(build_perceptual("compact"))
    mean, deviation = perceptual_path_length(
        _pictures_of(network, space, labels),
        lambda one, other: ops.convert_to_numpy(distance(one, other)),
        starts,
        ends,
        interpolation="linear" if space == "w" else "spherical",
        sampling=sampling,
        seed=seed,
    )
    protocol = {
        "generator": network.name, "class": label, "paths": paths, "space": space, "sampling": sampling, "seed": seed,
        "network": "compact", "epsilon": 1e-4,
    }  # fmt: skip
    name = f"PPL-compact ({space}, {sampling})"
    rows = {name: {"score": mean, "deviation": deviation}}
    notes = ["of the paths between the 1st and the 99th percentile; comparable through the same network alone"]
    return Evaluation("Path length", protocol, {"Scores": rows}, notes=notes, better={name: LOWER})


def _labels(generator, label, paths):
    """One-hot classes of the paths, or None without classes."""
    count = generator.network.num_classes
    if label is not None:
        return np.tile(np.eye(count, dtype="float32")[generator.class_number(label)], (paths, 1))
    return np.eye(count, dtype="float32")[np.arange(paths) % count] if count else None


def _pictures_of(network, space, labels):
    """Function from points of the space to RGB pictures in [-1, 1]."""

    def generate(points):
        if space == "w":
            return _as_rgb(ops.convert_to_numpy(network.synthesize(network.broadcast(points))))
        # Paths lie on the sphere of radius 1, latents about that of the root of their length.
        latents = np.float32(points * network.latent_dim**0.5)
        return _as_rgb(ops.convert_to_numpy(network(latents, None if labels is None else labels[: len(points)])))

    return generate


def _as_rgb(pictures):
    """Grey pictures thrice, transparent ones over white."""
    if pictures.shape[-1] == 4:
        alpha = (pictures[..., 3:] + 1) / 2
        return pictures[..., :3] * alpha + (1 - alpha)
    return np.repeat(pictures, 3, axis=-1) if pictures.shape[-1] == 1 else pictures
