"""What a system is, whatever it trains: the parts that a run needs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_stylegan.files import whole_file
from keras_stylegan.models.schedules import CosineSchedule
from keras_stylegan.run_records import read_config, state_of_network

# The half-life of an averaged network is at most this share of the images seen.
EMA_RAMP_UP = 0.05


@dataclasses.dataclass(frozen=True)
class Probe:
    """What tells whether a GAN is well (`keras_stylegan.callbacks.Health`).

    Attributes:
        generate: function that generates floats `(batch, height, width, channels)`, always of the same inputs.
        real: real images shaped like them.
        critic: function from images to the critic's outputs, or None.
        inputs: of a translator, the pictures that it generates from, where it is to keep their light and dark.
        name: what tells several probes of a system apart; empty for a single one.
    """

    generate: Callable[[], Any]
    real: np.ndarray
    critic: Callable[[np.ndarray], Any] | None = None
    inputs: np.ndarray | None = None
    name: str = ""


@dataclasses.dataclass(frozen=True)
class Scoring:
    """What tells how good a generator's pictures are (`keras_stylegan.callbacks.Scores`).

    Attributes:
        score: function to scores by name, as `Scores` takes it.
        every_images: images between scores.
        monitor: logged score whose smallest value marks the best checkpoint; empty for none.
        prepare: function to be called before `score`, which fails where that would; returns what scores depend on
            besides their names.
    """

    score: Callable[[Callable[[], bool]], Mapping[str, float]]
    every_images: int
    monitor: str
    prepare: Callable[[], Mapping[str, Any]]


@dataclasses.dataclass(frozen=True)
class System:
    """What a builder returns.

    Attributes:
        model: the compiled model, trained by `fit` or by `make_step()`.
        batches: object with `batches[index]` for every index >= 0. Of `EndlessBatches` a run names what they skip.
        preview: function that paints pictures for the image grid, always of the same inputs.
        save: function that writes what inference needs into a folder.
        facts: what the data decided (counts, names), written into config.json; a run resumes only where they are equal.
        forward: function that calls the network to be shipped on one image; its operations are counted for the header.
        probe: for adversarial systems, what the signs of collapse are read from: one or several.
        parts: what has a state and is no variable, by name: NumPy generators, objects with `get_state`, `set_state`.
        scoring: what scores its pictures while it trains.
        monitor: logged value whose smallest mean marks the best checkpoint, where neither the preset nor the scoring
            names one; empty for none, as where a critic plays, against which a loss says nothing of the pictures.
        notes: function to sentences that who starts a run should know, printed below the header.
    """

    model: keras.Model
    batches: Any
    preview: Callable[[], np.ndarray]
    save: Callable[[Path], None]
    facts: dict[str, Any]
    forward: Callable[[], Any] | None = None
    probe: Probe | Sequence[Probe] | None = None
    parts: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    scoring: Scoring | None = None
    monitor: str = ""
    notes: Callable[[], Sequence[str]] = tuple


def average(half_life_kimg: float) -> dict[str, float] | None:
    """What `compile(ema=...)` takes: that half-life, but at most `EMA_RAMP_UP` of the images seen; None for 0."""
    return {"half_life_kimg": half_life_kimg, "ramp_up": EMA_RAMP_UP} if half_life_kimg else None


def cosine(rate: float, steps: int) -> keras.optimizers.schedules.LearningRateSchedule:
    """A learning rate that falls to 0 along a cosine over so many updates."""
    return keras.optimizers.schedules.CosineDecay(rate, max(1, steps))


def growing(weight: float, kimg: float) -> float | CosineSchedule:
    """A weight that grows from 0 along half a cosine in so many thousands of images; itself where either is 0."""
    return CosineSchedule(0.0, weight, kimg) if weight and kimg else weight


def take(batches: Any, count: int) -> dict[str, np.ndarray]:
    """The first `count` images of a run, and what comes with them, by key: always the same."""
    first = [batches[index] for index in range(-(-count // batches.batch_size))]
    return {key: np.concatenate([batch[key] for batch in first])[:count] for key in first[0]}


def begun_with(run: Path) -> dict[str, Any]:
    """What a run's facts say of the run whose weights it began with.

    Args:
        run: the earlier run's directory.

    Returns:
        `system`, `settings` and `images_seen` of that run and, where it began with another, its own `begun_with`.
    """
    config = read_config(run)
    record = {name: config[name] for name in ("system", "settings")} | {"images_seen": state_of_network(run)[0]}
    if "begun_with" in config["facts"]:
        record["begun_with"] = config["facts"]["begun_with"]
    return record


def jit_compile() -> str | bool:
    """Keras' "auto", but off for TensorFlow on CPU, where XLA made steps several times slower."""
    if keras.backend.backend() != "tensorflow":
        return "auto"
    import tensorflow as tf

    return "auto" if tf.config.list_physical_devices("GPU") else False


def save_whole(model: keras.Model, path: Path) -> None:
    """Writes a `.keras` file under a temporary name, then renames it."""
    with whole_file(path) as partial:
        model.save(partial)
