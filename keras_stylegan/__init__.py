"""GANs for natural scenes and multi-style image stylisation on TensorFlow and Keras 3.

Importing this package loads neither TensorFlow nor Keras: names resolve on first use (PEP 562).
"""

import importlib

__version__ = "0.1.0"

_SUBPACKAGES = (
    "callbacks", "data", "evaluation", "exporters", "inference", "layers", "losses", "metrics", "models", "networks",
    "ops", "presets", "pretrained", "serving",
)  # fmt: skip
_NAMES = {
    "from_preset": "keras_stylegan.systems.untrained",
    "load": "keras_stylegan.inference",
    "load_model": "keras_stylegan.keras_files",
}

__all__ = ["__version__", *_NAMES, *_SUBPACKAGES]


def __getattr__(name):
    if name in _SUBPACKAGES:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _NAMES:
        return getattr(importlib.import_module(_NAMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
