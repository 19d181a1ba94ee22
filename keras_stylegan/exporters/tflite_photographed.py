"""What a device runs of networks whose inputs are made of photographs: what each says of itself, and what all share."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_stylegan.exporters.litert_metadata import TensorNote
from keras_stylegan.exporters.sources import Source
from keras_stylegan.exporters.tflite_target import (
    MEASURED_RUNS,
    Inputs,
    Target,
    check_own_size,
    for_size,
    measured_sizes,
    photographs,
)


@dataclasses.dataclass(frozen=True)
class Photographed:
    """A network whose inputs are made of photographs. What it shares with its `Target` is described there.

    Attributes:
        function: for pictures of every size.
        inputs: from a photograph, uint8 `(1, height, width, 3)`, and the number of a run to its inputs; the runs to
            measure come before those to calibrate with.
        stride, smallest: what height and width are multiples of, and the least of them.
        own_size: the only `(height, width)` that it takes, and what has it, in words.
        more: from the target to its further signatures, by their names: a function, and inputs to measure.
    """

    description: str
    signature: str
    function: Callable
    notes: Mapping[str, TensorNote]
    inputs: Callable[[np.ndarray, int], Inputs]
    expected: Callable[[Inputs], np.ndarray]
    facts: Mapping[str, Any] | None = None
    stride: int = 1
    smallest: int = 1
    own_size: tuple[tuple[int, int], str] | None = None
    more: Callable[[Target], Mapping[str, tuple[Callable, Sequence[Inputs]]]] = lambda target: {}

    def target(self, size: tuple[int, int] | None, representative: str | Path | None) -> Target:
        """What a device runs of it; arguments as of `of_photographs`."""
        if self.own_size is not None:
            check_own_size(size, *self.own_size)
            size, _ = self.own_size
        sizes = measured_sizes(size, self.stride, self.smallest)
        pictures = itertools.chain(*photographs(sizes, representative))
        runs = [self.inputs(picture, run) for run, picture in enumerate(pictures)]
        target = Target(
            description=self.description,
            signature=self.signature,
            function=for_size(self.function, size),
            notes=self.notes,
            expected=self.expected,
            facts=self.facts,
            size=sizes[0],
            any_size=size is None,
            measured=runs[:MEASURED_RUNS],
            calibration=runs[MEASURED_RUNS:],
        )
        others = [
            dataclasses.replace(
                target, signature=name, function=for_size(function, size), measured=measured, calibration=()
            )
            for name, (function, measured) in self.more(target).items()
        ]
        return dataclasses.replace(target, more=others)


def of_photographs(describe: Callable[[Source], Photographed]) -> Callable[..., Target]:
    """Decorates a function from what was opened to how its network takes photographs.

    Returns:
        Function from what was opened, `(height, width)` of pictures (None for every size, where the network takes
        them) and a folder of photographs to calibrate with (None for packaged samples) to a `Target`. It raises
        ValueError for a size that the network does not take, and for a folder without pictures.
    """

    @functools.wraps(describe)
    def target(opened: Source, size: tuple[int, int] | None, representative: str | Path | None) -> Target:
        return describe(opened).target(size, representative)

    return target
