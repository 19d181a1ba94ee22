"""The argument `--data`, the same for every command that reads pictures."""

import argparse

HELP = (
    "pictures: a folder (of any depth, with or without class folders), a zip, an npz or npy file, packed shards, or "
    "tfds:NAME[/CONFIG][@SPLIT]"
)


def add_data_argument(parser: argparse.ArgumentParser, required: bool = True) -> None:
    """Adds `--data SOURCE`, whose value goes to `keras_stylegan.data.open` as it is."""
    parser.add_argument("--data", metavar="SOURCE", required=required, help=HELP)
