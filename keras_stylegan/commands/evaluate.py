"""`keras-stylegan evaluate`: scores of pictures, one module for each kind (`evaluate_KIND.py`)."""

from __future__ import annotations

import argparse
import importlib

KINDS = {
    "images": "score a folder of generated pictures against a folder of real ones",
    "style": "score a stylisation: content, style, colours, stability and faults",
    "fusion": "score pictures that were fused of two against the truth",
    "video": "measure how much painted clips of known motion flicker",
    "path-length": "measure how smoothly a generator's pictures change between latents",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    kinds = parser.add_subparsers(dest="kind", metavar="KIND", required=True)
    for name, summary in KINDS.items():
        kind = kinds.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
        _module(name).add_arguments(kind)


def run(arguments: argparse.Namespace) -> int:
    return _module(arguments.kind).run(arguments)


def _module(kind):
    return importlib.import_module(f"keras_stylegan.commands.evaluate_{kind.replace('-', '_')}")
