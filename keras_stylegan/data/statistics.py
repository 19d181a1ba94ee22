"""Statistics of a set of pictures, from exact sums that can be added up in any order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

_LEVELS = np.arange(256)


class Statistics:
    """Counts, sizes and colour moments of uint8 pictures.

    `sums` holds whole numbers alone: parts computed in several calls add up to exactly what one call gives.
    """

    def __init__(self):
        self.sums: dict[str, Any] = {
            "count": 0, "pixels": 0, "values": [0, 0, 0], "squares": [0, 0, 0], "smallest": None, "largest": None,
            "labels": {},
        }  # fmt: skip

    @classmethod
    def of(cls, parts: Iterable[dict[str, Any]]) -> Statistics:
        """Adds up the `sums` of several statistics."""
        total = cls()
        for part in parts:
            total._join(part)
        return total

    def add(self, picture: np.ndarray, label: int | None = None) -> None:
        """Counts one uint8 picture `(height, width, 3)`."""
        size = list(picture.shape[:2])
        histograms = [np.bincount(channel, minlength=256) for channel in picture.reshape(-1, 3).T]
        self._join({
            "count": 1, "pixels": size[0] * size[1], "smallest": size, "largest": size,
            "values": [int(histogram @ _LEVELS) for histogram in histograms],
            "squares": [int(histogram @ _LEVELS**2) for histogram in histograms],
            "labels": {} if label is None else {str(label): 1},
        })  # fmt: skip

    def summary(self, classes: list[str]) -> dict[str, Any]:
        """What people and programs read: `mean` and `std` of red, green and blue from 0 to 255, the smallest and the
        largest `height` and `width`, and pictures `per_class`."""
        sums = self.sums
        if not sums["count"]:
            return {}
        mean = [value / sums["pixels"] for value in sums["values"]]
        # Whole numbers until the last step: no cancellation.
        spread = [
            (square * sums["pixels"] - value * value) ** 0.5 / sums["pixels"]
            for value, square in zip(sums["values"], sums["squares"], strict=True)
        ]
        sides = zip(("height", "width"), sums["smallest"], sums["largest"], strict=True)
        return {
            "mean": [round(value, 4) for value in mean],
            "std": [round(value, 4) for value in spread],
            **{side: {"min": low, "max": high} for side, low, high in sides},
            "per_class": {name: sums["labels"].get(str(label), 0) for label, name in enumerate(classes)},
        }

    def _join(self, other: dict[str, Any]) -> None:
        sums = self.sums
        for name in ("count", "pixels"):
            sums[name] += other[name]
        for name in ("values", "squares"):
            sums[name] = [a + b for a, b in zip(sums[name], other[name], strict=True)]
        for name, choose in (("smallest", min), ("largest", max)):
            known = [sizes for sizes in (sums[name], other[name]) if sizes is not None]
            sums[name] = [choose(side) for side in zip(*known, strict=True)] if known else None
        for label, count in other["labels"].items():
            sums["labels"][label] = sums["labels"].get(label, 0) + count
