"""The packaged networks: what the manifest says of them, and their weight files, checked against it."""

import hashlib
import importlib
import json
import pathlib

from keras_stylegan.choices import did_you_mean

# What the manifest says of a stylisation network at least; perceptual networks have other entries.
_ENTRY = {"styles", "stride", "working_size", "litert"}
# And of a generator of pictures from noise.
_GENERATOR = {"classes", "latent_dim", "litert", "keras"}
FUSION = "fusion"


def assets():
    """Returns the folder of packaged files."""
    # Beside the package when it is installed, at the top level of a checkout. `importlib.resources` takes a while.
    return pathlib.Path(importlib.import_module("keras_stylegan.assets").__path__[0])


def manifest() -> dict:
    """Reads `manifest.json`: a dict from the name of each packaged network to its entry.

    Raises:
        ValueError: if the package has no manifest, or a damaged one.
    """
    try:
        networks = json.loads((assets() / "manifest.json").read_text(encoding="utf-8"))
        if not isinstance(networks, dict) or not all(isinstance(entry, dict) for entry in networks.values()):
            raise ValueError("it must be an object of objects")
        return networks
    except FileNotFoundError:
        raise ValueError("manifest.json: the package has no manifest of networks; install it again") from None
    except ValueError as error:
        raise _damaged_manifest(error) from None


def _damaged_manifest(reason) -> ValueError:
    return ValueError(f"manifest.json: the manifest is damaged ({reason}); install the package again")


def network_entry(name: str) -> dict:
    """Returns the manifest's entry of a packaged stylisation network: its files, styles, stride and working size.

    Raises:
        ValueError: if there is no stylisation network of that name.
    """
    networks = {known: entry for known, entry in manifest().items() if _ENTRY <= entry.keys()}
    if not networks:
        raise ValueError("manifest.json: the manifest has no stylisation network; install the package again")
    if not isinstance(name, str) or name not in networks:
        raise ValueError(f"`name` must be a packaged network: {', '.join(sorted(networks))}. Received: name={name!r}")
    entry = networks[name]
    numbers = all(isinstance(entry[key], int) and entry[key] > 0 for key in ("stride", "working_size"))
    styles = entry["styles"]
    named = isinstance(styles, list) and all(isinstance(s, dict) and isinstance(s.get("name"), str) for s in styles)
    if not (numbers and named and styles):
        raise _damaged_manifest(f"the styles or sizes of {name} have other types")
    return entry


def origin(entry: dict) -> dict:
    """What training that begins with a packaged network says of it: `recipe` and `images_seen` of its entry."""
    return {key: entry[key] for key in ("recipe", "images_seen") if key in entry}


def generators() -> dict:
    """Returns the manifest's entries of packaged generators, by name: their files, classes and size."""
    return {name: entry for name, entry in manifest().items() if _GENERATOR <= entry.keys()}


def generator_hint() -> str:
    """What to add to a message about a missing generator: how to make one, where none is packaged."""
    if generators():
        return ""
    call = "keras-stylegan train stylegan2_scenes_relativistic --data SCENES --out RUN"
    return f"; `{call}` makes a run, which `--from RUN` takes"


def scene_pipeline_entry(name: str) -> dict:
    """Returns the manifest's entry of a packaged scene pipeline: its file and size.

    Raises:
        ValueError: if there is none of that name.
    """
    packaged = {known: entry for known, entry in manifest().items() if entry.get("kind") == "scene_pipeline"}
    if name not in packaged:
        hint = (
            "; `keras-stylegan train scene_pipeline --content PHOTOGRAPHS --styles PAINTINGS --data SCENES --from "
            "GENERATOR --out RUN` makes a run"
        )
        raise ValueError(
            "`model` must be the run directory of a scene pipeline, a .keras or .tflite file of one, or a packaged one "
            f"({', '.join(sorted(packaged)) or 'there are none'}). "
            f"Received: {name}{did_you_mean(name, packaged)}{'' if packaged else hint}"
        )
    return packaged[name]


def translator_entry(name: str) -> dict:
    """Returns the manifest's entry of a packaged translator: its kind, `translator` or `domains`, files and stride.

    Raises:
        ValueError: if there is no translator of that name.
    """
    translators = {known: one for known, one in manifest().items() if one.get("kind") in ("translator", "domains")}
    if name not in translators:
        packaged = ", ".join(sorted(translators)) or "there are none"
        hint = "; `keras-stylegan train pix2pix_small --data PAIRS --out RUN` makes a run"
        raise ValueError(
            "`model` must be a run directory, a .keras or .tflite file of a translator, or a packaged one "
            f"({packaged}). Received: {name}{did_you_mean(name, translators)}{'' if translators else hint}"
        )
    return translators[name]


def upscaler_entry() -> dict:
    """Returns the manifest's entry of the packaged network that enlarges pictures: its file and factor.

    Raises:
        ValueError: if the package has none.
    """
    entry = manifest().get("super_resolution")
    if entry is None or not {"litert", "factor"} <= entry.keys():
        raise ValueError(
            "the package holds no network that enlarges pictures: name a run (`--model RUN`, or `--upscale RUN`), as "
            "`keras-stylegan train super_resolution_pixels --data PHOTOGRAPHS --out RUN` makes it, or the LiteRT file "
            "that export/package_upscaler.py writes of one"
        )
    return entry


def fusion_entry() -> dict:
    """Returns the manifest's entry of the packaged fusion network: its files, stride and working size.

    Raises:
        ValueError: if none is packaged.
    """
    networks = manifest()
    if FUSION not in networks:
        raise ValueError(
            "the fusion network is not packaged in this version: `--blend gan` needs `--from RUN`, a run of "
            "`keras-stylegan train fusion`; feather, laplacian and poisson need no network"
        )
    return networks[FUSION]


def read_weights(record: dict) -> bytes:
    """Reads a packaged weight file and checks it.

    Args:
        record: dict of the manifest with `file`, relative to the assets, and `sha256`, in hexadecimal digits.

    Returns:
        The bytes of the file.

    Raises:
        ValueError: if the file is missing, its checksum is not the manifest's, or the record is damaged.
    """
    if not isinstance(record, dict) or not all(isinstance(record.get(key), str) for key in ("file", "sha256")):
        raise _damaged_manifest("a record has no `file` or no `sha256`")
    try:
        content = (assets() / record["file"]).read_bytes()
    except OSError as error:
        raise ValueError(
            f"{record['file']}: the packaged weight file cannot be read ({error.strerror}); install the package again"
        ) from error
    checksum = hashlib.sha256(content).hexdigest()
    if checksum != record["sha256"]:
        raise ValueError(
            f"{record['file']}: the weight file is damaged; install the package again. "
            f"Its SHA-256 must be {record['sha256']}. Received: {checksum}"
        )
    return content


def style_space(arrays) -> str:
    """Marks the space that a network's style vectors live in: SHA-256 of all weights but the named styles' vectors.

    A vector means something to one set of weights only; more or other styles in the bank do not change what it means.

    Args:
        arrays: mapping from the path of each weight, whose first part does not matter, to its array, float16.

    Returns:
        Hexadecimal digits.
    """
    digest = hashlib.sha256()
    for path, array in sorted((path.partition("/")[2], array) for path, array in arrays.items()):
        if path != "bank/vectors":
            digest.update(json.dumps([path, *array.shape]).encode() + array.astype("<f2").tobytes())
    return digest.hexdigest()


def packaged_transformer(entry: dict):
    """Builds the Keras network of a stylisation network's manifest entry, with its weights."""
    import io

    import numpy as np

    config = {"num_styles": len(entry["styles"]), **entry["keras"].get("config", {})}
    with np.load(io.BytesIO(read_weights(entry["keras"])), allow_pickle=False) as weights:
        return build_transformer(config, dict(weights))


def build_transformer(config: dict, weights):
    """Builds a `StyleTransformer` with given weights.

    Args:
        config: its configuration.
        weights: as of `assign_weights`.

    Raises:
        ValueError: if the weights are not those of the network.
    """
    from keras_stylegan.networks.style_transformer import StyleTransformer

    network = StyleTransformer.from_config(config)
    network.build(None)
    assign_weights(network, weights)
    return network


def build_network(record: dict, content: bytes):
    """Builds a packaged Keras network, such as a generator or its critic.

    Args:
        record: what its manifest entry says of it, with `network`, a class of `keras_stylegan.networks`, and `config`.
        content: bytes of the `.npz` file of its weights.

    Raises:
        ValueError: if the weights are not those of the network.
    """
    import io

    import numpy as np

    from keras_stylegan import networks

    network = getattr(networks, record["network"]).from_config(record["config"])
    network.build()
    with np.load(io.BytesIO(content), allow_pickle=False) as weights:
        assign_weights(network, dict(weights))
    return network


def assign_weights(network, weights) -> None:
    """Sets the weights of a built network by their paths, from which the network's own name is left out.

    Args:
        network: built Keras model.
        weights: mapping from path to array, of any float type.

    Raises:
        ValueError: if the weights are not those of the network.
    """
    own = {_inner_path(weight.path): weight for weight in network.weights}
    given = {_inner_path(path): path for path in weights}
    if own.keys() != given.keys():
        odd = ", ".join(sorted(own.keys() ^ given.keys())[:3])
        raise ValueError(f"`weights` must hold exactly the weights of the network. Missing or not known: {odd}")
    for path, weight in own.items():
        weight.assign(weights[given[path]].astype("float32"))


def _inner_path(path: str) -> str:
    return path.partition("/")[2]


def sample_photographs() -> list:
    """Returns the packaged sample photographs as traversables, sorted by name."""
    suffixes = (".jpg", ".jpeg", ".png", ".webp")
    folder = assets() / "samples"
    files = folder.iterdir() if folder.is_dir() else ()
    return sorted((file for file in files if file.name.lower().endswith(suffixes)), key=lambda file: file.name)
