"""What every evaluation prints and writes."""

from __future__ import annotations

import argparse
import os
import pathlib
from typing import Any


def add_report_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object with tables and protocol")
    parser.add_argument("--html", metavar="FILE", help="write a report with the pictures inside, as one HTML file")


def check_report(arguments: argparse.Namespace) -> None:
    """ValueError, before any work, for a report that could not be written."""
    if arguments.html is None:
        return
    path = pathlib.Path(arguments.html)
    folder = path.absolute().parent
    if path.suffix.lower() not in (".html", ".htm") or not folder.is_dir() or path.is_dir():
        raise ValueError(f"`--html` must be an .html file in an existing folder. Received: {arguments.html}")
    if not os.access(folder, os.W_OK):
        raise ValueError(f"`--html` must be in a folder that can be written to. Received: {arguments.html}")


def report(evaluation, arguments: argparse.Namespace, record: dict[str, Any] | None = None) -> int:
    """Prints an `Evaluation`, writes its report where asked for, and returns the exit code 0.

    `--json` prints `record`, by default the evaluation's own. What was worked for is printed before a report, which a
    full disk may refuse.
    """
    import json

    from keras_stylegan.evaluation import write_report

    record = evaluation.record() if record is None else record
    print(json.dumps(record, ensure_ascii=False) if arguments.json else evaluation.text(), flush=True)
    if arguments.html is not None:
        write_report(evaluation, arguments.html)
    return 0


def check_absent(arguments: argparse.Namespace, because: str, *names: str) -> None:
    """ValueError for an option, named as in `arguments`, that would be ignored."""
    for name in names:
        given = getattr(arguments, "run" if name == "from" else name)
        if given not in (None, False):
            raise ValueError(f"`--{name}` {because}. Received: {given}")


def check_at_least(arguments: argparse.Namespace, **least: float) -> None:
    """ValueError for an option, named as in `arguments`, below its least value; None stands for not given."""
    for name, value in least.items():
        given = getattr(arguments, name)
        if given is not None and given < value:
            raise ValueError(f"`--{name.replace('_', '-')}` must be at least {value}. Received: {given}")
