"""What can be exported: a packaged network, a run, a file."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import keras

from keras_stylegan import pretrained
from keras_stylegan.choices import did_you_mean
from keras_stylegan.exporters.package_files import in_float32
from keras_stylegan.inference import load
from keras_stylegan.inference.generator import PictureGenerator, open_generator
from keras_stylegan.networks import StyleTransformer

# The file of a run directory that holds its network.
FILES = ("network.keras", "generator.keras")


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
        source: name of a packaged network, run directory, or `.keras` file; names of styles or classes are those of
            the `config.json` beside it, or numbers.

    Raises:
        ValueError: if there is no such network.
    """
    path = Path(source)
    file = next((path / name for name in FILES if (path / name).is_file()), path)
    if file.is_file() and file.suffix == ".keras":
        return _from_file(file)
    stylizers = {name for name, entry in pretrained.manifest().items() if "styles" in entry}
    if str(source) in stylizers:
        stylizer = load(str(source), "keras")
        return Source("stylizer", stylizer.runtime.network, stylizer.styles)
    if str(source) in pretrained.generators():
        return _generator(open_generator(source, "keras"))
    packaged = sorted(stylizers | set(pretrained.generators()))
    raise ValueError(
        f"`source` must be a packaged network ({', '.join(packaged)}), a run directory with {' or '.join(FILES)}, or "
        f"a .keras file. Received: {source}{did_you_mean(str(source), packaged)}"
    )


def _from_file(file: Path) -> Source:
    network = keras.models.load_model(file, compile=False)
    config = file.parent / "config.json"
    facts = json.loads(config.read_text(encoding="utf-8"))["facts"] if config.is_file() else {}
    if hasattr(network, "latent_dim"):
        return _generator(PictureGenerator(network, facts.get("classes", ())))
    if not isinstance(network, StyleTransformer):
        raise ValueError(f"{file}: must hold a stylisation network or a generator, not a {type(network).__name__}")
    names = tuple(facts.get("styles", ())) or tuple(str(index) for index in range(network.num_styles))
    return Source("stylizer", in_float32(network), names)


def _generator(opened: PictureGenerator) -> Source:
    return Source("generator", in_float32(opened.network), tuple(opened.classes))
