"""Opens `.keras` files, from whomever they come, without running anything that they bring."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

from keras_stylegan.archives import check_members

# Where the classes of a file may come from: `builtins` has slices and the like, and no function that Keras would call.
_PACKAGES = ("keras", "keras_stylegan", "builtins")
_FOREIGN = (".pkl", ".pickle", ".pth", ".pt", ".ckpt")


def foreign_hint(path: str | Path) -> str:
    """What to say of another project's weights, to end a message with; empty for a file of another kind."""
    if Path(path).suffix.lower() not in _FOREIGN:
        return ""
    return "; weights of other projects (NVIDIA's pickles, PyTorch's checkpoints) cannot be read"


def load_network(path: str | Path):
    """The network of a `.keras` file: as `load_model`, uncompiled; of a whole GAN its `sampler`."""
    from keras_stylegan.models.adversarial import AdversarialModel

    network = load_model(path, compile=False)
    return load_model(path).sampler if isinstance(network, AdversarialModel) else network


def load_model(path: str | Path, compile: bool = True):
    """The model or network of a `.keras` file. (`keras.models.load_model` knows this package's classes only after
    `import keras_stylegan.models`, and trusts the file.)

    Args:
        path: file that Keras saved.
        compile: whether a model that was compiled is so again, with its optimizers, counters and averages. (Without
            them a GAN has the networks as they trained, and not their average.)

    Raises:
        ValueError: if it is no whole file of a network; if a member has a name that leads out of the archive or is a
            link; if it names classes or functions of other packages than Keras and this one, or holds code (a lambda).
        OSError: if it cannot be opened.
    """
    path = Path(path)
    with open(path, "rb") as stream:
        try:
            with zipfile.ZipFile(stream) as archive:
                check_members(archive, path)
                config = json.loads(archive.read("config.json"))
        except (zipfile.BadZipFile, KeyError, EOFError, UnicodeError, json.JSONDecodeError) as error:
            raise ValueError(f"{path}: must be a whole .keras file ({error})") from error
    _check_config(config, path)
    import keras

    import keras_stylegan.models
    import keras_stylegan.networks  # noqa: F401 - registers the classes that files name

    return keras.models.load_model(path, compile=compile, safe_mode=True)


def _check_config(config: Any, path: Path) -> None:
    """Looks at every class and function that a configuration names, before Keras imports any of them."""
    if isinstance(config, list):
        for part in config:
            _check_config(part, path)
    if not isinstance(config, dict):
        return
    module = config.get("module")
    if isinstance(module, str) and "class_name" in config and module.partition(".")[0] not in _PACKAGES:
        raise ValueError(f"{path}: may name classes of Keras and of this package only. It names {module}")
    if config.get("class_name") in ("__lambda__", "Lambda"):
        raise ValueError(f"{path}: may not hold code. It holds a lambda")
    for part in config.values():
        _check_config(part, path)


def in_float32(network):
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
