"""keras-stylegan presets: what can be trained, and what its settings mean."""

from __future__ import annotations

import argparse
import json
import textwrap

from keras_stylegan.commands.mistakes import standard_output
from keras_stylegan.presets import PRESETS, as_dict, as_text, get_preset
from keras_stylegan.presets.descriptions import descriptions, summary

_WIDTH = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="tell the settings of these, and what they mean")
    parser.add_argument("--json", action="store_true", help="a list of objects with name, system and settings")


@standard_output()
def run(arguments: argparse.Namespace) -> int:
    chosen = {name: get_preset(name) for name in arguments.names or PRESETS}
    if arguments.json:
        rows = [{"name": name, "system": p.system, "settings": as_dict(p)} for name, p in chosen.items()]
        print(json.dumps(rows, indent=2))
    elif arguments.names:
        print("\n".join(_told(name, preset) for name, preset in chosen.items()))
    else:
        width = max(map(len, chosen))
        for name, preset in chosen.items():
            print(f"{name:{width}}  {summary(preset)}{_in_short(preset)}")
        print("\n`keras-stylegan presets NAME` tells the settings, which `train NAME --set key=value` changes.")
    return 0


def _in_short(preset):
    """The loss and the size of those that have them, in which many presets of one class differ."""
    criticised = getattr(preset, "critic_weight", 1) and getattr(preset, "phase", "") != "encoder"
    facts = [preset.loss.replace("_", " ")] if criticised and hasattr(preset, "loss") else []
    if hasattr(preset, "size"):
        facts.append("x".join(map(str, preset.size)))
    return f" ({', '.join(facts)})" if facts else ""


def _told(name, preset):
    meanings = descriptions(preset)
    lines = [f"{name} (system {preset.system}): {summary(preset)}"]
    for key, value in as_dict(preset).items():
        lines.append(f"  {key} = {as_text(value)}")
        lines += textwrap.wrap(meanings.get(key, ""), _WIDTH, initial_indent="      ", subsequent_indent="      ")
    return "\n".join(lines) + "\n"
