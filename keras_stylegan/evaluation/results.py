"""What an evaluation gives: tables of numbers and intervals, and the pictures that they are about."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_stylegan.metrics import bootstrap_interval

Cell = float | int | str | None | dict[str, float]
Tables = dict[str, dict[str, dict[str, Cell]]]
Gallery = list[tuple[str, list[tuple[str, np.ndarray]]]]


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """The result of one evaluation.

    Attributes:
        title: what was evaluated, in a few words.
        protocol: how, as JSON holds it: sources, sizes, networks, seeds.
        tables: table title -> row -> column -> a number, a text, None, or an `interval`.
        gallery: rows of pictures: a title, and pairs of a caption and a uint8 array `(height, width, 3)`.
        notes: what a reader must know to read the numbers.
    """

    title: str
    protocol: dict[str, Any]
    tables: Tables
    gallery: Gallery = dataclasses.field(default_factory=list)
    notes: Sequence[str] = ()

    def record(self) -> dict[str, Any]:
        """The evaluation as JSON holds it, without the pictures; what is infinite or no number is null."""
        whole = {"title": self.title, "protocol": self.protocol, "tables": self.tables, "notes": list(self.notes)}
        return finite(whole)

    def text(self) -> str:
        """The tables as plain text."""
        blocks = []
        for title, rows in self.tables.items():
            grid = grid_of(rows)
            widths = [max(len(line[column]) for line in grid) for column in range(len(grid[0]))]
            lines = ("  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in grid)
            blocks.append("\n".join([title, *lines]))
        notes = ["\n".join(f"note: {note}" for note in self.notes)] if self.notes else []
        return "\n\n".join([*blocks, *notes])


def interval(values: Sequence[float], seed: int = 0) -> dict[str, float]:
    """Mean of values, the 95 % bootstrap interval of the mean, and their count."""
    low, high = bootstrap_interval(values, seed=seed)
    return {"mean": float(np.mean(values)), "low": low, "high": high, "count": len(values)}


def grid_of(rows: dict[str, dict[str, Cell]]) -> list[list[str]]:
    """A table as lines of texts, header first; columns in the order in which they first come."""
    columns = list(dict.fromkeys(column for cells in rows.values() for column in cells))
    lines = [[name, *(_cell(cells.get(column)) for column in columns)] for name, cells in rows.items()]
    return [["", *columns], *lines]


def _cell(value: Cell) -> str:
    if value is None:
        return "–"
    if isinstance(value, dict):
        if value["count"] == 1 or not math.isfinite(value["mean"]):
            return _number(value["mean"])
        return f"{_number(value['mean'])} [{_number(value['low'])}, {_number(value['high'])}]"
    return value if isinstance(value, str) else _number(value)


def _number(value: float) -> str:
    if isinstance(value, int):
        return str(value)
    return "∞" if math.isinf(value) else f"{value:.4g}"


def finite(value: Any) -> Any:
    """A value as JSON holds it: what is infinite or no number, at any depth, is None."""
    if isinstance(value, dict):
        return {key: finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
