"""SIGTERM and Ctrl-C end a run after the present step, so that it is saved."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

import keras


class StopOnSignal(keras.callbacks.Callback):
    """Ends training after the step in which SIGTERM or SIGINT arrives; `signal` then says which.

    The other callbacks' `on_train_end` saves. A second signal acts as if nobody listened. A step may be longer than
    those who stop a machine wait: if training has not come to the end of its step within `grace` seconds, the process
    exits with the code of the signal, and the newest checkpoint is what remains. Signals reach the main thread only;
    in another one this callback does nothing.

    Args:
        grace: float, seconds.
        on_exit: function of the `signal.Signals`, called before the process exits within a step.

    Attributes:
        signal: None, or the `signal.Signals` that ended training.
    """

    def __init__(self, grace: float = 8.0, on_exit: Callable[[signal.Signals], None] | None = None):
        super().__init__()
        self.grace = grace
        self.on_exit = on_exit
        self.signal: signal.Signals | None = None
        self._heeded = threading.Event()
        self._before: dict[int, object] = {}

    def on_train_begin(self, logs=None):
        if threading.current_thread() is not threading.main_thread() or self._before:
            return
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        threading.Thread(target=self._watch, args=(self._read,), daemon=True).start()
        # Python's handler waits for the main thread, which may be inside of a long step; this pipe does not.
        self._wakeup = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        # Set whatever stood there before: a shell starts background jobs with SIGINT ignored.
        self._before = {number: signal.signal(number, self._note) for number in (signal.SIGTERM, signal.SIGINT)}

    def on_train_batch_end(self, batch, logs=None):
        if self.signal is not None:
            self._heeded.set()
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        self.close()

    def close(self) -> None:
        """Puts the handlers back that stood there before."""
        self._heeded.set()
        if not self._before:
            return
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}
        signal.set_wakeup_fd(self._wakeup)
        os.close(self._write)

    def exit(self) -> None:
        """Raises what Python raises for the signal: KeyboardInterrupt, or SystemExit with 128 and its number."""
        if self.signal == signal.SIGINT:
            raise KeyboardInterrupt
        if self.signal is not None:
            raise SystemExit(128 + self.signal)

    def _note(self, number, frame):
        self.signal = signal.Signals(number)
        for each in self._before:
            signal.signal(each, signal.SIG_DFL)

    def _watch(self, read):
        with open(read, "rb", buffering=0) as pipe:
            while arrived := pipe.read(1):
                if arrived[0] in (signal.SIGTERM, signal.SIGINT) and not self._heeded.wait(self.grace):
                    try:
                        if self.on_exit is not None:
                            self.on_exit(signal.Signals(arrived[0]))
                    finally:
                        os._exit(128 + arrived[0])
