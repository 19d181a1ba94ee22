"""What the settings of a preset mean, as its class documents them."""

from __future__ import annotations

import inspect
import re

from keras_stylegan.presets.base import Preset

_SETTING = re.compile(r"(\w+): (.*)")


def summary(preset: Preset) -> str:
    """What the class of a preset says of itself in a line."""
    line = (inspect.getdoc(type(preset)) or "").partition("\n")[0]
    # Without docstrings (`-OO`) a dataclass describes itself by its signature.
    return "" if line.startswith(f"{type(preset).__name__}(") else line.partition(" (`")[0].rstrip(".:")


def descriptions(preset: Preset) -> dict[str, str]:
    """By the name of each setting, what it means; nothing where Python strips docstrings (`-OO`)."""
    found = {}
    for kind in reversed(type(preset).__mro__):
        _, _, listed = inspect.cleandoc(kind.__dict__.get("__doc__") or "").partition("Attributes:\n")
        name = None
        for line in listed.splitlines():
            if line and not line.startswith(" "):
                break  # the next section
            if line.startswith("    ") and not line.startswith("     ") and (begun := _SETTING.match(line.strip())):
                name, text = begun.groups()
                found[name] = text
            elif name and line.strip():
                found[name] += f" {line.strip()}"
    return found
