"""Progress of one long piece of work, on standard error: a bar in a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable
from typing import TextIO

from keras_stylegan.intervals import LINE_SECONDS, Every, format_seconds

# After which a work is shown though it has told nothing.
SILENCE_SECONDS = LINE_SECONDS


@contextlib.contextmanager
def progress_bar(description: str, total: float | None = None, file: TextIO | None = None):
    """Gives a function that shows how much of a work is done.

    In a terminal it draws a bar. Elsewhere, as in a log file or in CI, it writes a line every ten seconds, as `train`
    does; of shorter work a file gets mistakes only. A work of which nothing is told for so long, as while something
    compiles, is shown too, by a thread.

    Args:
        description: what is done, as in `painting`.
        total: how much there is to do; None where that is not known, or where the function is told.
        file: what stands for standard error, as where `silence` leads it nowhere.

    Yields:
        Function of how much is done (None for a part that is not counted), optionally of the total, and of what is done
        now, where that is not `description` all the time.
    """
    begun, shown, told = time.monotonic(), None, (None, total, description)
    lock, ended = threading.Lock(), threading.Event()

    def show():
        nonlocal shown
        if shown is None:  # with the first step, so that a mistake found before it is one line and no bar
            shown = _display(file, description, begun)
        shown.show(*told)

    def report(done=None, total=total, what=description):
        nonlocal told
        with lock:
            told = done, total, what
            show()

    def watch():
        while not ended.wait(SILENCE_SECONDS):
            with lock:
                show()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield report
    finally:
        ended.set()
        watcher.join()
        if shown is not None:
            shown.close()


def counted(items: Iterable, report: Callable[[int], None]):
    """Passes items on, and tells how many there were."""
    for number, item in enumerate(items, 1):
        report(number)
        yield item


def _display(file, description, begun):
    try:
        from rich.console import Console
    except ImportError:  # packaged networks run with NumPy, Pillow and LiteRT alone
        return _Nothing()
    console = Console(file=file, stderr=file is None)
    return _Bar(console, description) if console.is_terminal else _Lines(console, begun)


class _Nothing:
    """Shows nothing."""

    def show(self, *told):
        pass

    def close(self):
        pass


class _Bar:
    """A live bar, which leaves nothing behind."""

    def __init__(self, console, description):
        from rich.progress import Progress

        self._progress = Progress(console=console, transient=True)
        self._task = self._progress.add_task(description, total=None)
        self._progress.start()

    def show(self, done, total, what):
        known = total if done is not None else None  # without a total the bar moves to and fro
        self._progress.update(self._task, completed=done or 0, total=known, description=what)

    def close(self):
        self._progress.stop()


class _Lines:
    """A line now and then; `begun` is when the work did."""

    def __init__(self, console, begun):
        self._console, self._begun = console, begun
        self._every, self._first = Every(LINE_SECONDS), {}

    def show(self, done, total, what):
        now = time.monotonic()
        # What came before the first step, such as compiling, says nothing of the speed.
        if done is not None:
            self._first.setdefault(what, (now, done))
        if self._every.due(now - self._begun):
            self._console.print(self._line(now, done, total, what), soft_wrap=True, highlight=False, markup=False)

    def _line(self, now, done, total, what):
        if done is None:
            return f"{what}: {format_seconds(now - self._begun)} so far"
        if total is None:
            return f"{what}: {done:.0f}"
        begun, first = self._first[what]
        speed = (done - first) / max(now - begun, 1e-9)
        left = format_seconds((total - done) / speed) if speed > 0 else "-"
        return f"{what}: {done:.0f} of {total:.0f}  ETA {left}"

    def close(self):
        """Lines stay."""
