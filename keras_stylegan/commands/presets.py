"""keras-stylegan presets: lists what can be trained."""

from __future__ import annotations

import argparse
import json

from keras_stylegan.commands.mistakes import standard_output
from keras_stylegan.presets import PRESETS, as_dict


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="a list of objects with name, system and settings")


@standard_output()
def run(arguments: argparse.Namespace) -> int:
    if arguments.json:
        rows = [{"name": name, "system": p.system, "settings": as_dict(p)} for name, p in PRESETS.items()]
        print(json.dumps(rows, indent=2))
        return 0
    for name, preset in PRESETS.items():
        print(f"{name} (system {preset.system})")
        for key, value in as_dict(preset).items():
            print(f"  {key} = {value}")
    return 0
