"""keras-stylegan check-data: names the pictures of a set that would spoil training."""

from __future__ import annotations

import argparse
import collections
import dataclasses
import json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="SOURCE", help="a folder, a zip, an npz or npy file, shards or tfds:NAME")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--min-side", type=int, default=64, metavar="N", help="below this shorter side a picture is tiny (default 64)"
    )
    parser.add_argument(
        "--size",
        metavar="N",
        help="also name what training would enlarge or see little of; N (a square) or HEIGHTxWIDTH",
    )


def run(arguments: argparse.Namespace) -> int:
    """Returns 0 if nothing was found, 1 otherwise."""
    from keras_stylegan.commands.mistakes import printable
    from keras_stylegan.commands.progress import progress_bar
    from keras_stylegan.commands.sources import parse_size
    from keras_stylegan.data.checking import check

    with progress_bar("checking") as report:
        count, findings = check(arguments.source, arguments.min_side, report, parse_size(arguments.size))
    kinds = dict(collections.Counter(finding.kind for finding in findings))
    if arguments.json:
        listed = [dataclasses.asdict(finding) for finding in findings]
        print(json.dumps({"source": arguments.source, "pictures": count, "counts": kinds, "findings": listed}))
    else:
        for finding in findings:
            print(f"{finding.kind}: {printable(finding.name)}: {printable(finding.detail)}")
        found = ", ".join(f"{number} {kind}" for kind, number in kinds.items()) or "nothing to remark"
        print(f"{printable(arguments.source)}: {count} pictures, {found}")
    return 1 if findings else 0
