"""The state of a run as one file: every variable, the random generators, the counts, and a checksum over all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_stylegan.files import whole_file


class OtherModelError(ValueError):
    """A checkpoint's variables or settings are not those of the run."""


class DamagedError(ValueError):
    """A checkpoint's content is not what was written."""


def state_variables(model: keras.Model) -> dict[str, keras.Variable]:
    """Every variable that a run changes, under names that are the same in every process.

    A model that knows them says so by a method of this name, as `AdversarialModel` does. Of any other model they are
    its own variables (weights, metrics, random seeds) and its optimizer's.
    """
    if hasattr(model, "state_variables"):
        return model.state_variables()
    optimizer = getattr(model, "optimizer", None)
    groups = {"model": model.variables, "optimizer": optimizer.variables if optimizer is not None else []}
    return {f"{group}/{i:04d}": variable for group, variables in groups.items() for i, variable in enumerate(variables)}


def frozen_digest(model: keras.Model) -> str:
    """SHA-256 over the weights that a model reads and never changes, which checkpoints leave out; empty for none."""
    networks = model.frozen_networks() if hasattr(model, "frozen_networks") else []
    arrays = {f"{i}/{j}": to_numpy(v) for i, network in enumerate(networks) for j, v in enumerate(network.weights)}
    return digest(arrays) if arrays else ""


def to_numpy(variable: keras.Variable) -> np.ndarray:
    """A variable's value; of a variable that is mirrored on several devices, the first copy.

    Files know no bfloat16: it is written as float32, which holds it exactly.
    """
    value = keras.ops.convert_to_numpy(keras.ops.copy(variable.value))
    return value.astype("float32") if value.dtype.kind == "V" else value


def digest(arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256 over names, types, shapes and bytes of arrays, whatever their order."""
    total = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        total.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        total.update(array.tobytes())
    return total.hexdigest()


def not_finite(values: Mapping[str, np.ndarray]) -> list[str]:
    """Names of the floating arrays that hold NaN or infinity."""
    return [name for name, value in values.items() if value.dtype.kind == "f" and not np.isfinite(value).all()]


def write_state(path: Path, values: Mapping[str, np.ndarray], record: Mapping[str, Any]) -> None:
    """Writes arrays and a record (what JSON holds) whole, flushed to disk, with a checksum over both.

    Raises:
        OSError: with the file's name, if the disk is full or the file cannot be written.
    """
    arrays = {**values, "run": np.asarray(json.dumps(record))}
    with whole_file(path, durable=True) as partial, partial.open("wb") as file:
        np.savez(file, sha256=np.asarray(digest(arrays)), **arrays)


def read_state(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays and the record of a file of `write_state`.

    Raises:
        DamagedError: if the file is damaged or its checksum is wrong.
        PermissionError: if it may not be read.
    """
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            values = {name: archive[name] for name in archive.files}
        expected = str(values.pop("sha256"))
        record = json.loads(str(values["run"]))
    except (MemoryError, PermissionError):  # the file may be whole: passed over, it would be removed later
        raise
    except Exception as error:  # zipfile, zlib, struct, key and other OS errors all mean a damaged file here
        raise DamagedError(f"{path} cannot be read: {error}") from error
    if digest(values) != expected:
        raise DamagedError(f"{path} is not what was written: its checksum is wrong")
    del values["run"]
    return values, record


def assign_state(path: Path, model: keras.Model, values: Mapping[str, np.ndarray]) -> None:
    """Sets a model's state, all of it or nothing.

    Raises:
        OtherModelError: if the values are not those of the model's variables; the message lists the differences.
    """
    variables = state_variables(model)
    wrong = sorted(values.keys() ^ variables.keys())
    wrong += [
        f"{name}: {values[name].shape}, model {tuple(variable.shape)}"
        for name, variable in variables.items()
        if name in values and values[name].shape != tuple(variable.shape)
    ]
    if wrong:
        more = [f"and {len(wrong) - 20} more"] if len(wrong) > 20 else []
        lines = "".join(f"\n  {text}" for text in [*wrong[:20], *more])
        raise OtherModelError(f"{path} does not belong to this model; {len(wrong)} variables differ:{lines}")
    for name, variable in variables.items():
        variable.assign(values[name])


# Settings that may go from one place to another: whether there was one says what the run is.
MAY_MOVE = frozenset(("backbone_weights", "critic_backbone_weights", "painter", "start_from"))
# What of a run's facts is history: the run that it began with may have trained on since.
HISTORY = frozenset(("begun_with", "weights_taken", "weights_new"))


def check_settings(path: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raises OtherModelError, with the keys that differ, unless both settings are equal in what decides a run.

    What a run of an earlier version has not is equal to what is left out now.
    """

    def value(settings, key):
        return bool(settings.get(key)) if key in MAY_MOVE else settings.get(key)

    keys = (before.keys() | now.keys()) - {f"facts/{name}" for name in HISTORY}
    keys -= {key for key in now.keys() - before.keys() if _leaves_out(now[key])}
    differing = sorted(key for key in keys if value(before, key) != value(now, key))
    if differing:
        lines = "".join(f"\n  {key}: {before.get(key)} there, {now.get(key)} now" for key in differing)
        raise OtherModelError(f"{path} belongs to a run of other settings:{lines}")


def _leaves_out(value):
    return value == "none" or not (any(value) if isinstance(value, list) else value)


def get_part(part: Any) -> Any:
    """State of a thing that is no variable: a NumPy generator, or an object with `get_state`, as JSON holds it."""
    return part.bit_generator.state if isinstance(part, np.random.Generator) else part.get_state()


def set_part(part: Any, state: Any) -> None:
    """Puts back what `get_part` returned."""
    if isinstance(part, np.random.Generator):
        part.bit_generator.state = state
    else:
        part.set_state(state)
