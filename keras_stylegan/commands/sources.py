"""The arguments `--data` and `--size`, the same for every command that reads pictures."""

import argparse
import re

HELP = (
    "pictures: a folder (of any depth, with or without class folders), a zip, an npz or npy file, packed shards, or "
    "tfds:NAME[/CONFIG][@SPLIT]"
)


def add_data_argument(parser: argparse.ArgumentParser, required: bool = True) -> None:
    """Adds `--data SOURCE`, whose value goes to `keras_stylegan.data.open` as it is."""
    parser.add_argument("--data", metavar="SOURCE", required=required, help=HELP)


def parse_size(text: str | None) -> tuple[int, int] | None:
    """Height and width of `--size N`, `HEIGHTxWIDTH` or, as settings have it, `HEIGHT,WIDTH`."""
    if text is None:
        return None
    match = re.fullmatch(r"(\d+)(?:[x,](\d+))?", text)
    if match is None:
        raise ValueError(f"`--size` must be N or HEIGHTxWIDTH. Received: {text}")
    return int(match[1]), int(match[2] or match[1])
