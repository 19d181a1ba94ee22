"""Systems trained in turns, some of the budget each, so that what else the machine does falls on all alike.

Each system is a preset; its run lies in OUT/SYSTEM. Every point in its training adds one line to OUT/BENCHMARK.jsonl.
The lines belong to the runs, so they stay beside them; what the guides say is a copy of the file in benchmarks/results.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from record import record
from resumed import check_resumed

from keras_stylegan import cli


def parser(
    description: str, systems: Collection[str], default: Sequence[str], budget: str, whole: float
) -> argparse.ArgumentParser:
    """The options that every table of trained systems has.

    Args:
        description: text of `--help`.
        systems: names that `--only` takes.
        default: those of them that are trained without it.
        budget: the setting that ends a training, `"hours"` or `"kimg"`; the option with the whole has its name.
        whole: its default.
    """
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--out", type=Path, required=True, metavar="DIR")
    made.add_argument(f"--{budget}", type=float, default=whole, help="of each system (default: %(default)g)")
    made.add_argument("--points", type=int, default=4, help="at which all are scored (default: %(default)s)")
    made.add_argument("--only", nargs="+", choices=systems, default=default, metavar="SYSTEM", help=", ".join(systems))
    made.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], help="of all systems; repeatable")
    made.add_argument("--n", type=int, default=2000, help="pictures scored (default: %(default)s)")
    made.add_argument("--table", action="store_true", help="print what there is")
    return made


def parse(made: argparse.ArgumentParser, budget: str, sources: Sequence[str]) -> argparse.Namespace:
    """The call's arguments, with everything that a training needs unless only the table is asked for."""
    arguments = made.parse_args()
    if not arguments.table:
        if missing := [name for name in sources if getattr(arguments, name) is None]:
            made.error(f"--{missing[0]} is needed to train and score")
        if arguments.points < 1 or not getattr(arguments, budget) > 0:
            made.error(f"--{budget} and --points must be positive")
        arguments.out.mkdir(parents=True, exist_ok=True)
    return arguments


def take_turns(
    benchmark: str,
    presets: Mapping[str, str],
    arguments: argparse.Namespace,
    budget: str,
    data: str,
    score: Callable[[str], dict],
    settings: Sequence[str] = (),
) -> None:
    """Trains and scores what has no line yet; what has diverged is left alone.

    Args:
        benchmark: name of the table.
        presets: by the names of the systems.
        arguments: of `parse`.
        budget: the setting that ends a training, with the name of its option.
        data: the pictures that all learn.
        score: what the line of a system says beside the setting, as far as it has been trained.
        settings: `key=value` of all systems, before those of the call.

    Raises:
        SystemExit: where a training was stopped, or the call was wrong.
    """
    warnings.filterwarnings("ignore", message=".*2,?048.*")
    for point in range(1, arguments.points + 1):
        limit = round(getattr(arguments, budget) * point / arguments.points, 6)
        for system in arguments.only:
            known = [line for line in lines(benchmark, arguments.out) if line["system"] == system]
            if any(line["limit"] == limit or "diverged" in line for line in known):
                continue
            print(f"{system}: to {limit:g} {budget}", flush=True)
            chosen = [*settings, f"{budget}={limit}", *arguments.set]
            trained = _train(presets[system], data, arguments.out / system, chosen)
            figures = score(system) if trained else {"diverged": True}
            known_by = {"system": system, "limit": limit, "preset": presets[system], "set": arguments.set}
            record(benchmark, known_by | figures, ("keras",), arguments.out)
            gc.collect()  # networks and their graphs refer to each other


def _train(preset, data, run, settings):
    """Trains as far as the settings say; false where the gradients stay non-finite."""
    check_resumed(run, preset, settings)
    call = ["train", preset, "--data", data, "--out", str(run), "--resume"]
    code = cli.main([*call, *(text for setting in settings for text in ("--set", setting))])
    if code > 1:
        sys.exit(code)
    return code == 0


def lines(benchmark: str, out: Path) -> list[dict]:
    """What there is of a table."""
    file = out / f"{benchmark}.jsonl"
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []


def by_time(points: list[dict], systems: Collection[str]) -> list[dict]:
    """The lines in the order of the budget, and at each point in that of the systems."""
    return sorted(points, key=lambda point: (point["limit"], list(systems).index(point["system"])))
