"""Appends a benchmark's figures to its file of results, one JSON line a run."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import math
import os
import sys
import time
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent / "results"


def record(name: str, figures: dict[str, Any], packages: tuple[str, ...] = (), folder: Path = RESULTS) -> None:
    """Prints the figures and appends them to `NAME.jsonl` in a folder, `results` by default."""
    line = {
        "benchmark": name,
        "command": "python benchmarks/" + " ".join([Path(sys.argv[0]).name, *map(_portable, sys.argv[1:])]),
        "date": time.strftime("%Y-%m-%d"),
        "cores": len(os.sched_getaffinity(0)),
        "versions": {package: importlib.metadata.version(package) for package in ("keras_stylegan", *packages)},
        **_judge(sys.argv),
        **figures,
    }
    print(json.dumps(figures, indent=2))
    folder.mkdir(exist_ok=True)
    with open(folder / f"{name}.jsonl", "a", encoding="utf-8") as file:
        file.write(json.dumps(_finite(line), ensure_ascii=False, allow_nan=False) + "\n")


def _finite(value: Any) -> Any:
    """None in place of what JSON has no number for, such as the divergence of samples that miss every mode."""
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _judge(arguments: list[str]) -> dict[str, str]:
    """The module that judged, where the call names one: figures by another cannot be compared."""
    if "--judge" not in arguments[:-1]:
        return {}
    judge = Path(arguments[arguments.index("--judge") + 1])
    return {"judge_sha256": hashlib.sha256(judge.read_bytes()).hexdigest()[:12]} if judge.is_file() else {}


def _portable(argument: str) -> str:
    """An argument, or the value of a `key=value`, without the folders of this machine."""
    key, separator, value = argument.rpartition("=")
    return key + separator + (Path(value).name if os.path.isabs(value) or value.startswith("..") else value)
