"""Whether an exported file does what Keras does: run by its bare runtime, measured, held to bars."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence

import numpy as np

from keras_stylegan.exporters.litert_graph import multiply_adds

# Threads of the measured runs, and how many of them the time is the least of.
THREADS, TIMED_RUNS = 2, 5
# Outputs are grey levels: half of one is rounding.
HALF_LEVEL, LEVELS_PER_UNIT = 0.5, 127.5
# Below, a phone's processor would wait for operators that XNNPACK leaves to slow kernels.
LEAST_DELEGATED = 0.95


@dataclasses.dataclass(frozen=True)
class Bar:
    """What a file must reach.

    Attributes:
        max_error: greatest error in units of [-1, 1], or None.
        psnr: least PSNR of the worst picture, in dB, or None.
    """

    max_error: float | None = None
    psnr: float | None = None

    def __str__(self):
        return f"error <= {self.max_error:g}" if self.psnr is None else f"PSNR >= {self.psnr:g} dB"


# By how the weights are stored.
BARS = {
    "none": Bar(max_error=1e-4),
    "float16": Bar(psnr=45.0),
    "weights": Bar(psnr=42.0),
    "dynamic": Bar(psnr=38.0),
    "int8": Bar(psnr=30.0),
}


@dataclasses.dataclass(frozen=True)
class Parity:
    """What was measured of a file.

    Attributes:
        size: bytes.
        max_error: greatest difference from Keras that rounding to grey levels does not explain, in units of [-1, 1].
        mean_error: mean difference from the rounded pictures of Keras, in grey levels; 255 of them span what Keras
            makes where that is numbers and no pictures.
        psnr: of the worst picture against Keras, in dB; rounding alone leaves 58.9.
        milliseconds: least time of a run with the first inputs on `THREADS` threads.
        multiply_adds: of such a run.
        delegated: share of them that XNNPACK takes.
    """

    size: int
    max_error: float
    mean_error: float
    psnr: float
    milliseconds: float
    multiply_adds: int
    delegated: float

    def misses(self, bar: Bar) -> list[str]:
        """What is missed, each as a phrase; nothing for a file that may leave."""
        missed = []
        if bar.max_error is not None and not self.max_error <= bar.max_error:
            missed.append(f"greatest error {self.max_error:.2g}, must be at most {bar.max_error:g}")
        if bar.psnr is not None and not self.psnr >= bar.psnr:
            missed.append(f"PSNR {self.psnr:.1f} dB, must be at least {bar.psnr:g}")
        if not self.delegated >= LEAST_DELEGATED:
            missed.append(f"XNNPACK takes {self.delegated:.0%} of the multiply-adds, must be {LEAST_DELEGATED:.0%}")
        return missed


def measure(
    content: bytes, signature: str, inputs: Sequence[Mapping[str, np.ndarray]], expected: Sequence[np.ndarray]
) -> Parity:
    """Runs a LiteRT file in a bare interpreter and compares its pictures with those of Keras.

    Args:
        content: bytes of the file.
        signature: name of its signature, with one output, uint8 pictures or float numbers.
        inputs: arrays by the names of the signature's inputs, for each run.
        expected: what Keras makes of each, float arrays of the outputs' shapes; pictures in [-1, 1].

    Raises:
        ValueError: if an output has another shape or type, or LiteRT does not run the file.
    """
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(model_content=content, num_threads=THREADS).get_signature_runner(signature)
    greatest, means, squares = [], [], []
    for given, wanted in zip(inputs, expected, strict=True):
        try:
            (made,) = runner(**given).values()
        except RuntimeError as error:  # as where XNNPACK refuses an operator in 8 bits
            raise ValueError(f"`{signature}` must run in LiteRT. Received: {error}") from error
        if made.dtype not in (np.uint8, np.float32) or made.shape != wanted.shape:
            raise ValueError(
                f"`{signature}` must return uint8 or float32 of shape {wanted.shape}. "
                f"Received: {made.dtype} of shape {made.shape}"
            )
        if made.dtype == np.uint8:
            levels = (np.clip(np.asarray(wanted, np.float64), -1, 1) + 1) * LEVELS_PER_UNIT
            nearest, rounding = np.rint(levels), HALF_LEVEL
        else:
            level = np.ptp(wanted) / 255
            made, nearest, rounding = made / level, wanted / level, 0.0
            levels = nearest
        difference = np.abs(made - levels)
        greatest.append(np.maximum(difference.max() - rounding, 0.0))
        means.append(np.abs(made - nearest).mean())
        squares.append(np.square(difference).mean())
    work, delegated = multiply_adds(content, inputs[0])
    return Parity(
        size=len(content),
        max_error=float(np.max(greatest)) / LEVELS_PER_UNIT,
        mean_error=float(np.mean(means)),
        psnr=float(10 * np.log10(255**2 / np.max(squares))) if np.max(squares) else float("inf"),
        milliseconds=_least_time(runner, inputs[0]),
        multiply_adds=work,
        delegated=delegated,
    )


def _least_time(runner, inputs):
    times = []
    for _ in range(TIMED_RUNS):
        start = time.perf_counter()
        runner(**inputs)
        times.append(1000 * (time.perf_counter() - start))
    return min(times)


def table(rows: Mapping[str, tuple[Parity, Bar]]) -> str:
    """One table, in Markdown, of files by their names."""
    header = ("file", "MB", "max error", "mean, levels", "PSNR, dB", "ms", "XNNPACK", "bar")
    lines = [header, ("---", *["---:"] * 6, "---")]
    for name, (parity, bar) in rows.items():
        error, mean, psnr = f"{parity.max_error:.1e}", f"{parity.mean_error:.3f}", f"{parity.psnr:.1f}"
        time_and_share = f"{parity.milliseconds:.0f}", f"{parity.delegated:.1%}"
        lines.append((name, f"{parity.size / 1e6:.2f}", error, mean, psnr, *time_and_share, str(bar)))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    )
