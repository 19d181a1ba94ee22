"""What the scripts that package a run, `export/package_*.py`, have in common: options, notices, what they print."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PHOTOGRAPHS = "316 photographs of BSDS500, 20 of Wikimedia Commons, 6 of image-library samples"
LICENCE = (
    "Apache-2.0 for what is ours; trained in part on BSDS500 photographs, research data: no warranty of commercial "
    "use. See assets/weights/LICENSE."
)
_OPTIONS = {
    "name": {"required": True},
    "photographs": {"type": Path, "required": True, "metavar": "DIR"},
    "purpose": {"required": True, "metavar": "SENTENCE", "help": "what it does"},
    "data": {"required": True, "metavar": "SENTENCE", "help": "what it was trained on"},
    "licence": {"required": True, "metavar": "SENTENCE", "help": "licence and notices of the weights"},
    "direction": {"metavar": "WAY", "help": "of a run that learnt both ways: a_to_b or b_to_a"},
    "scores": {"type": Path, "metavar": "FILE"},
    "share": {"type": float, "help": "of the way from the weights that RUN began with to its own (default 1)"},
}


def package_arguments(script: str, description: str, *options: str, **defaults: Any) -> argparse.Namespace:
    """What the command line of a script says.

    Args:
        script: its file, in the folder `export`, beside which the assets lie.
        description: its docstring.
        *options: those of `_OPTIONS` that it has, beside the run and `--assets`.
        **defaults: more of them, with what they are by default.

    Returns:
        `run`, `assets` and the options by their names; `scores` is what its file holds, or None.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, metavar="RUN")
    for option in options:
        parser.add_argument(f"--{option}", **_OPTIONS[option])
    for option, value in defaults.items():
        parser.add_argument(f"--{option}", **_OPTIONS[option] | {"required": False, "default": value})
    assets = Path(script).resolve().parents[1] / "assets"
    parser.add_argument("--assets", type=Path, default=assets, metavar="DIR")
    arguments = parser.parse_args()
    if "scores" in options:
        arguments.scores = arguments.scores and json.loads(arguments.scores.read_text(encoding="utf-8"))
    return arguments


def show(entry: dict[str, Any], keys: Sequence[str] = ("litert", "recipe", "images_seen", "losses", "parity")) -> None:
    """Prints what is of interest of an entry of the manifest."""
    print(json.dumps({key: entry[key] for key in keys}, indent=2))
