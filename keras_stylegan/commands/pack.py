"""keras-stylegan pack: packs pictures into shards."""

from __future__ import annotations

import argparse
import sys


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="SOURCE", help="a folder, a zip, an npz or npy file, or tfds:NAME")
    parser.add_argument("-o", "--output", metavar="SHARDS", required=True, help="folder for the shards")
    parser.add_argument(
        "--store",
        choices=("pixels", "bytes"),
        default="pixels",
        help="pixels are fastest to read, bytes keep the files as they are (default: %(default)s)",
    )
    parser.add_argument("--size", metavar="N", help="pixels of the central crop: N for a square, or HEIGHTxWIDTH")
    parser.add_argument("--short-side", type=int, metavar="N", help="instead: reduce the shorter side, uncropped")
    parser.add_argument(
        "--shard-images", type=int, default=1000, metavar="N", help="pictures in a file (default: %(default)s)"
    )


def run(arguments: argparse.Namespace) -> int:
    from keras_stylegan.commands.mistakes import printable
    from keras_stylegan.commands.progress import progress_bar
    from keras_stylegan.commands.sources import parse_size
    from keras_stylegan.data.packing import pack

    with progress_bar("packing") as report:
        index = pack(
            arguments.source,
            arguments.output,
            arguments.store,
            parse_size(arguments.size),
            arguments.short_side,
            arguments.shard_images,
            report,
        )
    for name, reason in index["skipped"].items():
        print(f"left out: {printable(name)}: {printable(reason)}", file=sys.stderr)
    shards = index["shards"]
    size = f"{len(shards)} files, {sum(entry['bytes'] for entry in shards) / 1e6:.1f} MB"
    classes = f", {len(index['classes'])} classes" if index["classes"] else ""
    print(f"{printable(arguments.output)}: {index['count']} pictures{classes}, {size}")
    return 0
