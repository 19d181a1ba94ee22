"""What an evaluation gives: tables of numbers and intervals, and the pictures that they are about."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from keras_stylegan.metrics import bootstrap_interval

Cell = float | int | str | None | dict[str, float]
Tables = dict[str, dict[str, dict[str, Cell]]]
Gallery = list[tuple[str, list[tuple[str, np.ndarray]]]]
# Where a score is good, beside its name.
HIGHER, LOWER, NEAR_ONE = "↑", "↓", "→1"
ARROWS = {HIGHER: "higher is better", LOWER: "lower is better", NEAR_ONE: "clean at 1"}
# Columns of a table that fit beside each other; with more of them than lines it is turned.
_MOST_COLUMNS = 7


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """The result of one evaluation.

    Attributes:
        title: what was evaluated, in a few words.
        protocol: how, as JSON holds it: sources, sizes, networks, seeds.
        tables: table title -> row -> column -> a number, a text, None, or an `interval`.
        gallery: rows of pictures: a title, and pairs of a caption and a uint8 array `(height, width, 3)`.
        notes: what a reader must know to read the numbers.
        better: names of tables, rows and columns -> where their scores are good, one of `ARROWS`.
    """

    title: str
    protocol: dict[str, Any]
    tables: Tables
    gallery: Gallery = dataclasses.field(default_factory=list)
    notes: Sequence[str] = ()
    better: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """The evaluation as JSON holds it, without the pictures; what is infinite or no number is null."""
        return finite(
            {
                "title": self.title,
                "protocol": self.protocol,
                "tables": self.tables,
                "notes": list(self.notes),
                "better": {name: ARROWS[arrow] for name, arrow in self.better.items()},
            }
        )

    def text(self) -> str:
        """The tables as plain text."""
        blocks = []
        for title, grid in self.grids():
            grid = [[" ".join(part for part in cell if part) for cell in line] for line in grid]
            widths = [max(len(line[column]) for line in grid) for column in range(len(grid[0]))]
            lines = ("  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in grid)
            blocks.append("\n".join([title, *lines]))
        notes = ["\n".join(f"note: {note}" for note in self.explained())] if self.explained() else []
        return "\n\n".join([*blocks, *notes])

    def explained(self) -> list[str]:
        """The notes, after one on the arrows that stand beside names."""
        used = [f"{arrow}: {meaning}" for arrow, meaning in ARROWS.items() if arrow in self.better.values()]
        return [*([f"{'; '.join(used)}."] if used else []), *self.notes]

    def grids(self) -> list[tuple[str, list[list[tuple[str, str]]]]]:
        """The tables as they are shown: a title and lines of cells, header first.

        A cell is a number or words, and its interval in brackets, where it has one. Columns come in the order in which
        they first do; a table with many columns and fewer rows is turned, so that it can be read.
        """
        return [(self._marked(title), self._grid(rows)) for title, rows in self.tables.items()]

    def _grid(self, rows):
        columns = list(dict.fromkeys(column for cells in rows.values() for column in cells))
        header = [("", ""), *((self._marked(column), "") for column in columns)]
        lines = [
            [(self._marked(name), ""), *(_cell(cells.get(column)) for column in columns)]
            for name, cells in rows.items()
        ]
        turn = len(columns) > max(_MOST_COLUMNS, len(rows))
        return [list(line) for line in zip(header, *lines, strict=True)] if turn else [header, *lines]

    def _marked(self, name):
        return f"{name} {self.better[name]}" if name in self.better else name


def interval(values: Sequence[float], seed: int = 0) -> dict[str, float]:
    """Mean of values, the 95 % bootstrap interval of the mean, and their count."""
    low, high = bootstrap_interval(values, seed=seed)
    return {"mean": float(np.mean(values)), "low": low, "high": high, "count": len(values)}


def _cell(value: Cell) -> tuple[str, str]:
    if value is None:
        return "–", ""
    if isinstance(value, dict):
        known = value["count"] > 1 and math.isfinite(value["mean"])
        return _number(value["mean"]), f"[{_number(value['low'])}, {_number(value['high'])}]" if known else ""
    return (value if isinstance(value, str) else _number(value)), ""


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
