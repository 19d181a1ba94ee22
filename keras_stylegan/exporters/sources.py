"""What can be exported: a packaged network, a run, a file."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import keras

from keras_stylegan import pretrained
from keras_stylegan.choices import did_you_mean
from keras_stylegan.exporters.packaging import in_float32
from keras_stylegan.inference import load
from keras_stylegan.keras_files import load_network
from keras_stylegan.networks import StyleTransformer

# The file of a run directory that holds its network, by the kind of system.
FILES = {"stylizer": "network.keras", "generator": "generator.keras"}


@dataclasses.dataclass(frozen=True)
class Source:
    """A trained network and what must travel with it.

    Attributes:
        kind: `"stylizer"` or `"generator"`.
        network: built Keras network under the float32 policy.
        names: of its styles or classes, in order.
    """

    kind: str
    network: keras.Model
    names: tuple[str, ...]


def open_source(source: str | Path) -> Source:
    """Opens what is to be exported.

    Args:
        source: name of a packaged network, run directory, or `.keras` file, whose names a `config.json` beside it has.

    Raises:
        ValueError: if there is no such network, or its file is damaged or unsafe.
    """
    path = Path(source)
    file = next((path / name for name in FILES.values() if (path / name).is_file()), path)
    if file.is_file() and file.suffix == ".keras":
        return _from_file(file)
    packaged = [name for name, entry in pretrained.manifest().items() if "styles" in entry]
    if str(source) in packaged:
        stylizer = load(str(source), "keras")
        return Source("stylizer", stylizer.runtime.network, stylizer.styles)
    raise ValueError(
        f"`source` must be a packaged network ({', '.join(sorted(packaged))}), a run directory with "
        f"{' or '.join(FILES.values())}, or a .keras file. Received: {source}{did_you_mean(str(source), packaged)}"
    )


def _from_file(file: Path) -> Source:
    network = in_float32(load_network(file))
    config = file.parent / "config.json"
    facts = json.loads(config.read_text(encoding="utf-8"))["facts"] if config.is_file() else {}
    if isinstance(network, StyleTransformer):
        kind, count, names = "stylizer", network.num_styles, facts.get("styles", ())
    elif hasattr(network, "latent_dim"):
        kind, count, names = "generator", network.num_classes, facts.get("classes", ())
    else:
        raise ValueError(f"{file}: must hold a stylisation network or a generator, not a {type(network).__name__}")
    names = tuple(names) or tuple(str(index) for index in range(count))
    if len(names) != count:
        raise ValueError(f"{config}: must name {count} styles or classes. Received: {len(names)}")
    return Source(kind, network, names)
