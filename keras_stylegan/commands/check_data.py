"""keras-stylegan check-data: names the pictures of a set that would spoil training."""

from __future__ import annotations

import argparse
import collections
import dataclasses
import json
import sys


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="SOURCE", help="a folder, a zip, an npz file, shards or tfds:NAME")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--min-side", type=int, default=64, metavar="N", help="below this shorter side a picture is tiny (default 64)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Returns 0 if nothing was found, 1 otherwise."""
    from keras_stylegan.commands.mistakes import printable
    from keras_stylegan.data.checking import check

    def report(done: int, total: int) -> None:
        print(f"\r{done} of {total} pictures", end="\n" if done == total else "", file=sys.stderr, flush=True)

    count, findings = check(arguments.source, arguments.min_side, report if sys.stderr.isatty() else None)
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
