"""keras-stylegan runs: lists the runs of a folder."""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path

from keras_stylegan.commands.mistakes import standard_output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", help="a run directory, or a folder with run directories at any depth")
    parser.add_argument("--json", action="store_true", help="a list of objects, one a run")


@standard_output()
def run(arguments: argparse.Namespace) -> int:
    from keras_stylegan.run_records import find_runs

    if not Path(arguments.folder).is_dir():
        raise ValueError(f"`DIR` must be a folder. Received: {arguments.folder}")
    records = find_runs(arguments.folder)
    if arguments.json:
        print(json.dumps([dataclasses.asdict(record) for record in records], indent=2))
        return 0
    if not records:
        print(f"no runs in {arguments.folder}")
        return 0
    rows = [("run", "system", "state", "kimg", "best", "")]
    for record in records:
        best = "-" if record.best is None else f"{record.metric} {record.best:.4g} at {record.best_kimg:g} kimg"
        progress = f"{record.kimg:g}/{record.total_kimg:g}"
        rows.append((record.path, record.system, record.state, progress, best, record.reason))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
    return 0
