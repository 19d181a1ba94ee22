"""What every packaged network is made of: weights in half precision, checksums, the command behind it, whole files."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_stylegan.files import whole_file
from keras_stylegan.presets import PRESETS, as_dict, as_text
from keras_stylegan.run_records import state_of_network

# What a training step logs of a player beside its loss terms.
NOT_TERMS = ("loss", "gradient_norm", "skipped_updates")
# Settings that name a source, as options of `train` and the words that stand for it.
SOURCES = {"content": "PHOTOGRAPHS", "styles": "PAINTINGS", "data": "PICTURES", "data_b": "PICTURES_B"}


def read_run(run: Path, what: str, file: str | None = None, system: str | None = None) -> dict[str, Any]:
    """What the `config.json` of a run directory holds that is to be packaged.

    Args:
        run: run directory.
        what: what it should have trained, in words.
        file: name of the file that such a run leaves, None where it has a choice.
        system: name of what it should have trained, None where several leave that file.

    Raises:
        ValueError: if it is no such directory.
    """
    config = run / "config.json"
    if not config.is_file() or not (file is None or (run / file).is_file()):
        raise ValueError(f"`run` must be the run directory of {what}, with {file or config.name}. Received: {run}")
    record = json.loads(config.read_text(encoding="utf-8"))
    if system is not None and record["system"] != system:
        raise ValueError(f"`run` must be the run directory of {what}. Received: {run}, of {record['system']}")
    return record


def check_name(name: str) -> None:
    """ValueError for a name that is no plain one: files and options of commands are called by it."""
    if not name.isidentifier():
        raise ValueError(f"`name` must be letters, digits and underscores. Received: name={name}")


def half_precision(network: keras.Model) -> tuple[dict[str, np.ndarray], bytes]:
    """Weights as float16 by their paths, and the bytes of the `.npz` file that holds them.

    Raises:
        ValueError: if one is not finite, or too large for half precision.
    """
    with np.errstate(over="ignore"):
        arrays = {weight.path: keras.ops.convert_to_numpy(weight).astype("float16") for weight in network.weights}
    for path, array in arrays.items():
        if not np.isfinite(array).all():
            raise ValueError(
                f"weights must be finite in half precision. Received: {network.name} with others in {path}"
            )
    packed = io.BytesIO()
    np.savez_compressed(packed, **arrays)
    return arrays, packed.getvalue()


def architecture(network: keras.Model, names: Sequence[str] | None = None) -> dict[str, Any]:
    """Constructor arguments of a network as JSON has them: those of `names`, or all but what every Keras model has."""
    config = network.get_config()
    names = names or [name for name in config if name not in ("dtype", "name", "trainable")]
    return json.loads(json.dumps({name: config[name] for name in names}))


def grey_levels(pairs: Iterable[tuple[np.ndarray, np.ndarray]]) -> dict[str, float]:
    """`mean` and `greatest` difference of pairs of uint8 pictures, over all their numbers."""
    together = np.concatenate([np.abs(one.astype(int) - other).ravel() for one, other in pairs])
    return {"mean": round(float(together.mean()), 3), "greatest": int(together.max())}


def fingerprint(file: str, content: bytes) -> dict[str, Any]:
    """What the manifest says of a file: its place below the assets, its size and its SHA-256."""
    return {"file": file, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def training_facts(run: Path, config: dict[str, Any], player: str = "generator") -> dict[str, Any]:
    """What the manifest says of a run: `recipe`, `images_seen`, `images_scheduled`, and a player's last `losses`.

    Where the run began with another's weights, and that with another's, all their commands are the recipe, and the
    images of all count.

    Args:
        run: run directory.
        config: what its config.json holds.
        player: whose losses to tell.
    """
    images_seen, record = state_of_network(run)
    # A run that ends with its time has no other schedule.
    scheduled = images_seen if config["settings"].get("hours") else 1000 * config["settings"]["kimg"]
    runs, earlier = [config], config["facts"].get("begun_with")
    while earlier:
        runs.insert(0, earlier)
        images_seen, scheduled = images_seen + earlier["images_seen"], scheduled + earlier["images_seen"]
        earlier = earlier.get("begun_with")
    commands, start = [], ""
    for number, one in enumerate(runs, start=1):
        if "recipe" in one:  # a packaged network brings its own, whose words are not to mean runs of this one
            commands.append(re.sub(r"\b((?:PACKAGED_)*RUN)(?=\b|_\d)", r"PACKAGED_\1", one["recipe"]))
            start = "PACKAGED_RUN"
        else:
            word = f"RUN_{number}" if one is not config else "RUN"
            commands.append(training_command(one["settings"], one.get("system", config["system"]), word, start))
            start = word
    return {
        "recipe": "; ".join(commands),
        "images_seen": images_seen,
        "images_scheduled": round(scheduled),
        "losses": loss_terms(record, player),
    }


def loss_terms(record: dict[str, Any], player: str = "generator") -> dict[str, float]:
    """The loss terms of a player in a line of metrics.jsonl, rounded; those that were not finite are left out."""
    terms = {key.removeprefix(f"{player}/"): value for key, value in record.items() if key.startswith(f"{player}/")}
    return {term: round(value, 4) for term, value in terms.items() if term not in NOT_TERMS and value is not None}


def common_facts(
    run: Path, config: dict[str, Any], network: keras.Model, data: str, licence: str, scores: dict | None = None
) -> dict[str, Any]:
    """What the manifest says of every network that a run left: `training_facts`, its size and those given."""
    return {
        "parameters": network.count_params(),
        **training_facts(run, config),
        "data": data,
        "licence": licence,
        **({"scores": scores} if scores else {}),
    }


def write_package(
    assets: Path, name: str, entry: dict[str, Any], files: dict[str, bytes], card: str | None = None
) -> None:
    """Writes files, by their places below the assets, and then the manifest with the entry `name` in it.

    Args:
        assets: the package's assets folder.
        name: of the network.
        entry: what the manifest says of it.
        files: their contents.
        card: the network's model card, which becomes `weights/NAME.md`; None leaves the one that is there.
    """
    manifest = assets / "manifest.json"
    entries = json.loads(manifest.read_text(encoding="utf-8")) if manifest.exists() else {}
    text = json.dumps({**entries, name: entry}, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    cards = {} if card is None else {f"weights/{name}.md": card.encode()}
    (assets / "weights").mkdir(parents=True, exist_ok=True)
    for file, content in {**files, **cards, "manifest.json": text.encode()}.items():
        with whole_file(assets / file) as partial:
            partial.write_bytes(content)


def training_command(settings: dict[str, Any], system: str = "multistyle", out: str = "RUN", start: str = "") -> str:
    """The command that repeats a run, by the preset that is nearest to its settings.

    Args:
        settings: `settings` of the run's config.json; those that differ from the preset are named.
        system: `system` of the run's config.json.
        out: word that stands for its directory.
        start: word that stands for the directory of the run that it began with, empty for none.
    """
    differing = {name: _changes(settings, as_dict(p)) for name, p in PRESETS.items() if p.system == system}
    name = min(differing, key=lambda preset: len(differing[preset]))
    named = [key for key in SOURCES if key in settings and (key != "data_b" or settings[key])]
    sources = "".join(f" --{key.replace('_', '-')} {SOURCES[key]}" for key in named)
    if start:
        sources += f" --from {start}"
    options = "".join(f" --set {key}={as_text(_portable(value))}" for key, value in sorted(differing[name].items()))
    return f"keras-stylegan train {name}{sources} --out {out}{options}"


def _changes(settings, preset):
    told = (*SOURCES, "start_from")
    return {k: v for k, v in settings.items() if k not in told and v != preset.get(k)}


def _portable(value):
    """Of a file, the name without the folders of one machine."""
    return Path(value).name if isinstance(value, str) else value
