"""From a trained network to a versioned SavedModel for TensorFlow Serving, proven before it appears."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf

from keras_stylegan.exporters.saved_model_domains import domains_service
from keras_stylegan.exporters.saved_model_fuse import fuse_service
from keras_stylegan.exporters.saved_model_generate import generate_service
from keras_stylegan.exporters.saved_model_scene import scene_service
from keras_stylegan.exporters.saved_model_service import Service
from keras_stylegan.exporters.saved_model_stylize import stylize_service
from keras_stylegan.exporters.saved_model_translate import translate_service, upscale_service
from keras_stylegan.exporters.saved_model_warmup import serving_protos, write_warmup
from keras_stylegan.exporters.sources import open_source
from keras_stylegan.files import whole_folder

# How each kind of system becomes a service.
SERVICES = {
    "stylizer": stylize_service,
    "generator": generate_service,
    "translator": translate_service,
    "upscaler": upscale_service,
    "fusion": fuse_service,
    "scene": scene_service,
    "domains": domains_service,
}
# What may lie between Keras and the SavedModel, in grey levels: rounding, and the order of additions.
MAX_MEAN, MAX_GREATEST = 0.05, 2


@dataclasses.dataclass(frozen=True)
class Exported:
    """A SavedModel that was written.

    Attributes:
        path: its folder, named by the version.
        signatures: names of its signatures.
        mean, greatest: difference from Keras on the warm-up requests, in grey levels.
        warmup: whether it holds requests to warm up with.
    """

    path: Path
    signatures: tuple[str, ...]
    mean: float
    greatest: int
    warmup: bool


def export_saved_model(
    source: str | Path,
    folder: str | Path,
    version: int | None = None,
    predictor: str | Path | None = None,
    report: Callable[[str], None] = lambda what: None,
) -> Exported:
    """Writes `folder/VERSION`, as TensorFlow Serving finds it.

    The SavedModel needs no Keras and none of this package. Before it appears under its name it is loaded, answers a
    request by each signature, and is compared with Keras; after any failure nothing is left. The requests are written
    to `assets.extra/tf_serving_warmup_requests` where tensorflow-serving-api is installed.

    Args:
        source: name of a packaged network, run directory, or `.keras` file.
        folder: the model's base path; made where it is missing.
        version: positive number; None for the one after the greatest that is there.
        predictor: run directory of a style predictor for the network, where it is not packaged with one.
        report: called with what begins now, in a few words.

    Returns:
        What was written.

    Raises:
        ValueError: if there is no such network, the version exists, or the SavedModel differs from Keras.
        OSError: if it cannot be written.
    """
    target = Path(folder) / str(free_version(Path(folder), version))
    report("loading")
    opened = open_source(source, predictor)
    if opened.kind not in SERVICES:
        raise ValueError(
            f"`source` must not be a {opened.kind} alone: it is served with its network, by `--predictor`. "
            f"Received: {source}"
        )
    with tempfile.TemporaryDirectory() as assets, whole_folder(target) as partial:
        report("tracing")
        service = SERVICES[opened.kind](opened, Path(assets))
        report("saving")
        # Gradients are of no use to a server.
        options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
        tf.saved_model.save(service.module, str(partial), service.signatures, options)
        warmup = serving_protos() is not None
        if warmup:
            write_warmup(partial, service.requests)
        report("comparing with Keras")
        mean, greatest = _compare(partial, service)
    return Exported(target, tuple(service.signatures), mean, greatest, warmup)


def free_version(folder: Path, version: int | None = None) -> int:
    """A version that does not exist yet below `folder`.

    Raises:
        ValueError: if `folder` is a file, or `version` is not positive or exists.
    """
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder}: must be a folder, the base path of the model's versions")
    versions = [int(path.name) for path in folder.glob("*") if path.name.isdecimal()]
    following = max(versions, default=0) + 1
    if version is None:
        return following
    if version < 1:
        raise ValueError(f"`version` must be positive. Received: version={version}")
    if version in versions:
        raise ValueError(f"{folder / str(version)}: the version exists; the next one is {following}")
    return version


def _compare(folder: Path, service: Service) -> tuple[float, int]:
    """Sends every request to the SavedModel; mean and greatest difference from Keras, in grey levels."""
    signatures = tf.saved_model.load(str(folder)).signatures
    answers = {
        name: signatures[name](**{key: tf.constant(value) for key, value in request.items()})
        for name, request in service.requests.items()
    }
    means, greatest = [], []
    for name, expected in service.expected.items():
        (answer,) = answers[name].values()
        differences = np.abs(_levels(answer.numpy(), expected) - _levels(expected, expected))
        means.append(round(float(differences.mean()), 4))
        greatest.append(int(np.ceil(differences.max())))
        # Not the other way round: NaN differs too.
        if not (means[-1] <= MAX_MEAN and greatest[-1] <= MAX_GREATEST):
            raise ValueError(
                f"the SavedModel must not differ from Keras by more than {MAX_MEAN} grey levels in the mean and "
                f"{MAX_GREATEST} anywhere. Received: {means[-1]} and {greatest[-1]}, by `{name}`"
            )
    return max(means), max(greatest)


def _levels(values, expected):
    """Pictures as they are; of other numbers 255 levels span those that are expected."""
    return values.astype(float) if values.dtype == np.uint8 else values * (255 / np.ptp(expected))
