"""What can be exported: a packaged network, a run, a file."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_stylegan import pretrained
from keras_stylegan.choices import did_you_mean
from keras_stylegan.exporters.package_files import half_precision
from keras_stylegan.inference import load
from keras_stylegan.inference.generator import PictureGenerator, build_network, open_generator
from keras_stylegan.inference.scenes import FILE as SCENE_FILE
from keras_stylegan.inference.translator import DIRECTIONS, DOMAINS_FILE
from keras_stylegan.keras_files import foreign_hint, in_float32, load_network
from keras_stylegan.networks import (
    BackboneUNet,
    DenseNetTranslator,
    DomainTranslator,
    FusionGenerator,
    JohnsonTransformer,
    ResNetTranslator,
    SceneNetwork,
    StylePredictor,
    StyleTransformer,
    SuperResolutionNetwork,
    UNetTranslator,
    VNetTranslator,
)
from keras_stylegan.networks.johnson import OneStyle
from keras_stylegan.systems.style_predictor import PREDICTOR_FILE

# The file of a run directory that holds its network; of both ways of a translator the first. A scene pipeline leaves
# its generator too.
FILES = (
    "network.keras",
    SCENE_FILE,
    "generator.keras",
    *(f"{name}.keras" for name in DIRECTIONS),
    DOMAINS_FILE,
    PREDICTOR_FILE,
)
# By their classes. A baseline of one style is a translator too, any other network with a latent a generator.
KINDS = {
    "stylizer": StyleTransformer,
    "translator": (BackboneUNet, DenseNetTranslator, ResNetTranslator, UNetTranslator, VNetTranslator),
    "upscaler": SuperResolutionNetwork,
    "fusion": FusionGenerator,
    "scene": SceneNetwork,
    "domains": DomainTranslator,
    "predictor": StylePredictor,
}


@dataclasses.dataclass(frozen=True)
class Source:
    """A trained network and what must travel with it.

    Attributes:
        kind: `"generator"`, or one of `KINDS`.
        network: built Keras network under the float32 policy.
        names: of its styles, classes or domains, in order.
        predictor: of a stylisation network, the network from pictures to its style vectors, where there is one.
        reference_size: of a translator for several domains, `(height, width)` at which it looks at pictures for their
            style, that of its training pictures; None where no run says so.
    """

    kind: str
    network: keras.Model
    names: tuple[str, ...] = ()
    predictor: StylePredictor | None = None
    reference_size: tuple[int, int] | None = None


def open_source(source: str | Path, predictor: str | Path | None = None) -> Source:
    """Opens what is to be exported.

    Args:
        source: name of a packaged network, run directory, or `.keras` file; names of styles, classes or domains are
            those of the `config.json` beside it, or numbers. Of a run that learnt to translate both ways it is the way
            from A to B; `b_to_a.keras` in it is the other.
        predictor: run directory of a style predictor for the stylisation network that `source` is.

    Raises:
        ValueError: if there is no such network, its file is damaged or unsafe, a weight is not finite, or the predictor
            is for another network.
    """
    opened = _open(source)
    if predictor is not None:
        opened = dataclasses.replace(opened, predictor=_predictor(Path(predictor), opened))
    for network in filter(None, (opened.network, opened.predictor)):
        for weight in network.weights:
            # Pixels made of NaN are black everywhere: no comparison of pictures would find them.
            if not np.isfinite(keras.ops.convert_to_numpy(weight)).all():
                raise ValueError(f"`source` must have finite weights. Received: {source}, with others in {weight.path}")
    return opened


def _open(source):
    path = Path(source)
    file = next((path / name for name in FILES if (path / name).is_file()), path)
    if file.is_file() and file.suffix == ".keras":
        return _from_file(file)
    packaged = packaged_sources()
    if str(source) in packaged:
        return _from_package(str(source), packaged[str(source)])
    raise ValueError(
        f"`source` must be a packaged network ({', '.join(sorted(packaged))}), a run directory with "
        f"{', '.join(FILES[:-1])} or {FILES[-1]}, or a .keras file. "
        f"Received: {source}{did_you_mean(str(source), packaged)}{foreign_hint(path)}"
    )


def packaged_sources() -> dict[str, str]:
    """The kinds of the packaged networks that can be exported, by their names."""
    return {name: kind for name, entry in pretrained.manifest().items() if (kind := _packaged_kind(name, entry))}


def _packaged_kind(name, entry):
    """What a packaged network is; None for one that is packaged as a LiteRT file alone, or is part of others."""
    if "styles" in entry:
        return "stylizer"
    if name == pretrained.FUSION:
        return "fusion"
    return "generator" if name in pretrained.generators() else None


def _from_package(name, kind):
    if kind == "generator":
        return _generator(open_generator(name, "keras"))
    entry = pretrained.manifest()[name]
    if kind == "fusion":
        return Source(kind, _built("FusionGenerator", entry["keras"]))
    stylizer = load(name, "keras")
    record = entry.get("predictor", {}).get("keras")
    predictor = None if record is None else _built("StylePredictor", record)
    return Source(kind, stylizer.runtime.network, stylizer.styles, predictor)


def _built(network, record):
    return build_network({"network": network, **record}, pretrained.read_weights(record))


def _from_file(file: Path) -> Source:
    network = load_network(file)
    record = _record(file.parent)
    kind = next((kind for kind, classes in KINDS.items() if isinstance(network, classes)), None)
    if kind == "stylizer":
        return Source(kind, in_float32(network), _names(file, record, "styles", network.num_styles))
    if kind == "domains":
        names = _names(file, record, "domains", network.num_domains)
        size = record.get("settings", {}).get("size")
        return Source(kind, in_float32(network), names, reference_size=size and tuple(size))
    if kind is not None:
        return Source(kind, in_float32(network))
    if isinstance(network, JohnsonTransformer):
        return Source("translator", OneStyle(in_float32(network)))
    if hasattr(network, "latent_dim") and hasattr(network, "num_classes"):
        return _generator(PictureGenerator(network, record.get("facts", {}).get("classes", ())))
    raise ValueError(
        f"{file}: must hold one of {', '.join(KINDS)}, generator. Received: a network of class {type(network).__name__}"
    )


def _names(file: Path, record: dict[str, Any], what: str, count: int) -> tuple[str, ...]:
    """The names of styles or domains that the run of a file has, or numbers."""
    names = tuple(record.get("facts", {}).get(what, ())) or tuple(str(index) for index in range(count))
    if len(names) != count:
        raise ValueError(f"{file.parent / 'config.json'}: must name {count} {what}. Received: {len(names)}")
    return names


def _generator(opened: PictureGenerator) -> Source:
    return Source("generator", in_float32(opened.network), tuple(opened.classes))


def _predictor(run: Path, opened: Source) -> StylePredictor:
    """The predictor of a run, which must be for the network that was opened."""
    if opened.kind != "stylizer":
        raise ValueError(f"`predictor` is for a stylisation network alone. Received: a {opened.kind}")
    if not (run / PREDICTOR_FILE).is_file():
        raise ValueError(f"`predictor` must be a run of style_predictor, with {PREDICTOR_FILE}. Received: {run}")
    space = _record(run).get("facts", {}).get("network", {}).get("style_space")
    if space != pretrained.style_space(half_precision(opened.network)[0]):
        raise ValueError(f"`predictor` must be for this stylisation network. Received: {run}, for another")
    return load_network(run / PREDICTOR_FILE)


def _record(folder: Path) -> dict[str, Any]:
    """What the run of a folder says of itself; nothing without its record."""
    config = folder / "config.json"
    return json.loads(config.read_text(encoding="utf-8")) if config.is_file() else {}
