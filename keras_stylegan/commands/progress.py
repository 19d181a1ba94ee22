"""Progress of one long piece of work, on standard error: a bar in a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import time
from typing import TextIO

from keras_stylegan.intervals import LINE_SECONDS, Every, format_seconds


@contextlib.contextmanager
def progress_bar(description: str, total: float | None = None, file: TextIO | None = None):
    """Gives a function that shows how much of a work is done.

    In a terminal it draws a bar. Elsewhere, as in a log file or in CI, it writes a line every ten seconds, as `train`
    does; of shorter work a file gets mistakes only.

    Args:
        description: what is done, as in `painting`.
        total: how much there is to do; None where that is not known, or where the function is told.
        file: what stands for standard error, as where `silence` leads it nowhere.

    Yields:
        Function of how much is done, and optionally of the total.
    """
    begun, shown = time.monotonic(), None

    def report(done, total=total):
        nonlocal shown
        if shown is None:  # with the first step, so that a mistake found before it is one line and no bar
            from rich.console import Console

            console = Console(file=file, stderr=file is None)
            shown = _Bar(console, description) if console.is_terminal else _Lines(console, description, begun)
        shown.show(done, total)

    try:
        yield report
    finally:
        if shown is not None:
            shown.close()


class _Bar:
    """A live bar, which leaves nothing behind."""

    def __init__(self, console, description):
        from rich.progress import Progress

        self._progress = Progress(console=console, transient=True)
        self._task = self._progress.add_task(description, total=None)
        self._progress.start()

    def show(self, done, total):
        self._progress.update(self._task, completed=done, total=total)

    def close(self):
        self._progress.stop()


class _Lines:
    """A line now and then; `begun` is when the work did."""

    def __init__(self, console, description, begun):
        self._console, self._description, self._begun = console, description, begun
        self._every, self._first = Every(LINE_SECONDS), None

    def show(self, done, total):
        now = time.monotonic()
        # What came before the first step, such as compiling, says nothing of the speed.
        self._first = self._first or (now, done)
        if self._every.due(now - self._begun):
            self._console.print(self._line(now, done, total), soft_wrap=True, highlight=False, markup=False)

    def _line(self, now, done, total):
        if total is None:
            return f"{self._description}: {done:.0f}"
        begun, first = self._first
        speed = (done - first) / max(now - begun, 1e-9)
        left = format_seconds((total - done) / speed) if speed > 0 else "-"
        return f"{self._description}: {done:.0f} of {total:.0f}  ETA {left}"

    def close(self):
        """Lines stay."""
