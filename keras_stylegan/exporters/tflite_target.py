"""What a device runs: a traced function, notes on its tensors, inputs to measure and to calibrate with."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import Image, ImageOps

from keras_stylegan import pretrained
from keras_stylegan.exporters.litert_metadata import TensorNote
from keras_stylegan.formats import READABLE_SUFFIXES
from keras_stylegan.inference import read_picture

# Of a file for every size: the size before it is resized, and a second one that it is measured at.
DEFAULT_SIZE, OTHER_SIZE = (256, 256), (192, 264)
# Runs that ranges for 8 bits are taken from: enough for every style of forty, in pairs, on a few photographs.
CALIBRATION_RUNS = 24
MEASURED_RUNS = 4
Inputs = dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Target:
    """A network for a device.

    Attributes:
        description: what it does, in a sentence.
        signature: name of its signature.
        function: `tf.function` of named inputs, to a dict with one uint8 output.
        size: `(height, width)` of its pictures, or what a file for every size has by default.
        any_size: whether it takes others.
        notes: what the file says of its tensors, by their names.
        measured: inputs to compare with Keras.
        calibration: inputs whose ranges 8 bits are to hold; none of those in `measured`.
        expected: what Keras makes of inputs, float array in [-1, 1].
        facts: what a `.json` file beside the LiteRT file says to the commands that run it; None without one.
        more: further signatures that a file in floating point has.
    """

    description: str
    signature: str
    function: Callable
    size: tuple[int, int]
    any_size: bool
    notes: Mapping[str, TensorNote]
    measured: Sequence[Inputs]
    calibration: Sequence[Inputs]
    expected: Callable[[Inputs], np.ndarray]
    facts: Mapping[str, Any] | None = None
    more: Sequence[Target] = ()


def measured_sizes(size: tuple[int, int] | None, stride: int, smallest: int) -> list[tuple[int, int]]:
    """The sizes at which a network from pictures to pictures is measured, the one it has by default first.

    Args:
        size: `(height, width)` that the file is for; None for every size.
        stride: what height and width are multiples of.
        smallest: the least of them.

    Raises:
        ValueError: if the network does not take the size.
    """
    if size is None:
        return [tuple(-(-side // stride) * stride for side in usual) for usual in (DEFAULT_SIZE, OTHER_SIZE)]
    if min(size) < smallest or any(side % stride for side in size):
        raise ValueError(
            f"`size` must be HEIGHTxWIDTH, multiples of {stride} from {smallest}. Received: {size[0]}x{size[1]}"
        )
    return [size]


def check_own_size(size: tuple[int, int] | None, own: tuple[int, int], what: str) -> None:
    """ValueError for a size that is not the one that a network has."""
    if size not in (None, tuple(own)):
        raise ValueError(f"`size` must be that of {what}, {own[0]}x{own[1]}. Received: {size[0]}x{size[1]}")


def photographs(
    sizes: Sequence[tuple[int, int]], representative: str | Path | None
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Photographs to measure and photographs to calibrate with, uint8 `(1, height, width, 3)`.

    Args:
        sizes: `(height, width)` of those to measure with, in turns; the first is that of those to calibrate with.
        representative: folder of photographs to calibrate with; None for some of the packaged samples.

    Raises:
        ValueError: if the folder holds no picture.
    """
    samples = [read_picture(file.read_bytes()).photo for file in pretrained.sample_photographs()]
    half = len(samples) // 2
    own = samples[:half] if representative is None else _read(Path(representative))
    measured = [
        _fitted(samples[half + run % (len(samples) - half)], sizes[run % len(sizes)]) for run in range(MEASURED_RUNS)
    ]
    return measured, [_fitted(own[run % len(own)], sizes[0]) for run in range(CALIBRATION_RUNS)]


def for_size(function, size: tuple[int, int] | None):
    """A traced function for pictures of one size, where it takes all; `size` None leaves it so.

    Its graph is that for every size, and the converter finds the sizes inside: a graph traced for one size pads by
    MIRROR_PAD, which XNNPACK does not take (`ops.padding`).
    """
    if size is None:
        return function
    specs = [
        tf.TensorSpec([1, *size, *spec.shape[3:]] if _any_size(spec) else spec.shape, spec.dtype, spec.name)
        for spec in function.input_signature
    ]
    return tf.function(lambda *inputs: function(*inputs), input_signature=specs, autograph=False)


def _any_size(spec):
    return spec.shape.rank == 4 and spec.shape[1] is None


def _read(folder: Path) -> list[Image.Image]:
    files = sorted(file for file in folder.glob("*") if file.suffix.lower() in READABLE_SUFFIXES)
    if not files:
        raise ValueError(f"`representative` must be a folder of pictures. Received: {folder}")
    return [read_picture(file).photo for file in files[:CALIBRATION_RUNS]]


def _fitted(photograph, size):
    """The middle of a photograph."""
    return np.asarray(ImageOps.fit(photograph, size[::-1], Image.Resampling.LANCZOS))[None]
