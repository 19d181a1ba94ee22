"""What every packaged network is made of: weights in half precision, checksums, the command behind it, whole files."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_stylegan.files import whole_file
from keras_stylegan.presets import PRESETS, as_dict
from keras_stylegan.run_records import state_of_network
from keras_stylegan.systems.multistyle import PACKAGED

# What a training step logs of a player beside its loss terms.
NOT_TERMS = ("loss", "gradient_norm", "skipped_updates")
# Settings that name a source, as options of `train` and the words that stand for it.
SOURCES = {"content": "PHOTOGRAPHS", "styles": "PAINTINGS", "data": "PICTURES", "data_b": "PICTURES_B"}
# The word for the directory of a run whose weights another began with.
EARLIER_RUN = "EARLIER_RUN"


def in_float32(network: keras.Model) -> keras.Model:
    """The same weights under the float32 policy: a network trained in mixed precision is served in full."""
    config = {key: value for key, value in network.get_config().items() if key not in ("name", "trainable")}
    copy = type(network).from_config(_without_dtypes(config))
    copy.build()
    copy.set_weights(network.get_weights())
    return copy


def _without_dtypes(config: Any) -> Any:
    """A configuration that leaves the precision of a network, and of those inside, to Keras' float32."""
    if isinstance(config, dict):
        return {key: _without_dtypes(value) for key, value in config.items() if key != "dtype"}
    return config


def half_precision(network: keras.Model) -> tuple[dict[str, np.ndarray], bytes]:
    """Weights as float16 by their paths, and the bytes of the `.npz` file that holds them."""
    arrays = {weight.path: keras.ops.convert_to_numpy(weight).astype("float16") for weight in network.weights}
    packed = io.BytesIO()
    np.savez_compressed(packed, **arrays)
    return arrays, packed.getvalue()


def fingerprint(file: str, content: bytes) -> dict[str, Any]:
    """What the manifest says of a file: its place below the assets, its size and its SHA-256."""
    return {"file": file, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def training_facts(run: Path, config: dict[str, Any]) -> dict[str, Any]:
    """What the manifest says of a run: `recipe`, `images_seen`, `images_scheduled`, and the generator's `losses`.

    Where the run began with another's weights, both commands are the recipe, and the images of both count.

    Args:
        run: run directory.
        config: what its config.json holds.
    """
    images_seen, record = state_of_network(run)
    recipe = [training_command(config["settings"], config["system"])]
    scheduled, earlier = 1000 * config["settings"]["kimg"], config["facts"].get("begun_with")
    while earlier:
        recipe.insert(0, _earlier_recipe(earlier, config["system"]))
        images_seen, scheduled = images_seen + earlier["images_seen"], scheduled + earlier["images_seen"]
        earlier = earlier.get("begun_with")
    return {
        "recipe": "; ".join(recipe),
        "images_seen": images_seen,
        "images_scheduled": round(scheduled),
        "losses": loss_terms(record),
    }


def _earlier_recipe(earlier, system):
    """The command of an earlier run, or what the package itself says of its network."""
    if "settings" not in earlier:
        return earlier.get("recipe", "the packaged network")
    return training_command(earlier["settings"], earlier.get("system", system), EARLIER_RUN)


def loss_terms(record: dict[str, Any], player: str = "generator") -> dict[str, float]:
    """The loss terms of a player in a line of metrics.jsonl, rounded; those that were not finite are left out."""
    terms = {key.removeprefix(f"{player}/"): value for key, value in record.items() if key.startswith(f"{player}/")}
    return {term: round(value, 4) for term, value in terms.items() if term not in NOT_TERMS and value is not None}


def write_package(assets: Path, name: str, entry: dict[str, Any], files: dict[str, bytes]) -> None:
    """Writes files, by their places below the assets, and then the manifest with the entry `name` in it."""
    manifest = assets / "manifest.json"
    entries = json.loads(manifest.read_text(encoding="utf-8")) if manifest.exists() else {}
    text = json.dumps({**entries, name: entry}, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    (assets / "weights").mkdir(parents=True, exist_ok=True)
    for file, content in {**files, "manifest.json": text.encode()}.items():
        with whole_file(assets / file) as partial:
            partial.write_bytes(content)


def training_command(settings: dict[str, Any], system: str = "multistyle", out: str = "RUN") -> str:
    """The command that repeats a run, by the preset that is nearest to its settings.

    Args:
        settings: `settings` of the run's config.json; those that differ from the preset are named.
        system: `system` of the run's config.json.
        out: word that stands for its directory.
    """
    differing = {name: _changes(settings, as_dict(p)) for name, p in PRESETS.items() if p.system == system}
    name = min(differing, key=lambda preset: len(differing[preset]))
    named = [key for key in SOURCES if key in settings and (key != "data_b" or settings[key])]
    sources = "".join(f" --{key.replace('_', '-')} {SOURCES[key]}" for key in named)
    if settings.get("start_from"):
        sources += f" --from {PACKAGED if settings['start_from'] == PACKAGED else EARLIER_RUN}"
    options = "".join(f" --set {key}={_as_text(value)}" for key, value in sorted(differing[name].items()))
    return f"keras-stylegan train {name}{sources} --out {out}{options}"


def _changes(settings, preset):
    told = (*SOURCES, "start_from")
    return {k: v for k, v in settings.items() if k not in told and v != preset.get(k)}


def _as_text(value: Any) -> str:
    """A setting as `--set` takes it; of a file, the name without the folders of one machine."""
    if isinstance(value, dict):
        return ",".join(f"{key}:{number:g}" for key, number in value.items())
    if isinstance(value, list):
        return ",".join(map(_as_text, value))
    return Path(value).name if isinstance(value, str) else f"{value:.10g}"
