"""Batches prepared in the background, for `fit` on every backend and for loops of one's own."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import keras

_TIMES_KEPT = 1000  # far more than anybody asks ahead of its steps


class Feed(keras.utils.PyDataset):
    """An endless dataset over `batches`, computed ahead by threads.

    `feed[i]` is `batches[start + i]`; asking for a batch sets the following ones to work, so it is ready when it is
    asked for. Pass it to `fit(feed, steps_per_epoch=...)` or index it in a loop. Pillow and NumPy release the GIL while
    they decode and resize, so threads suffice.

    Whether training had to wait for data cannot be seen inside `fit`, where TensorFlow's own thread asks for batches
    ahead of need. The feed therefore notes when each batch was asked for and handed over, and `step_done()`, called
    after each training step, adds to `seconds_waited` the time during which the step before was over, the batch was
    asked for, and it was not there.

    Args:
        batches: any object with `batches[index]` for every index >= 0, safe to call from threads.
        start: first index: where an interrupted run continues.
        threads: int, background threads.
        ahead: int, batches kept ready.

    Attributes:
        error: what asking for a batch raised, or None. Inside of `fit` TensorFlow raises an error of its own instead.
    """

    def __init__(self, batches: Any, start: int = 0, threads: int = 2, ahead: int = 8):
        # One Keras worker: several would call `__getitem__` from a pool of their own.
        super().__init__(workers=1, use_multiprocessing=False)
        self.batches = batches
        self.start = start
        self.ahead = ahead
        self.seconds_waited = 0.0
        self.error: Exception | None = None
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="feed")
        self._futures: dict[int, Future] = {}
        self._times: dict[int, tuple[float, float]] = {}
        self._steps_done = 0
        self._last_step_end = 0.0
        self._lock = threading.Lock()

    @property
    def num_batches(self) -> None:
        """None: the feed is endless."""
        return None

    def __getitem__(self, index: int) -> Any:
        asked = time.perf_counter()
        with self._lock:
            wanted = range(index, index + 1 + self.ahead)
            for position in wanted:
                if position not in self._futures:
                    self._futures[position] = self._pool.submit(self.batches.__getitem__, self.start + position)
            future = self._futures[index]
            for position in [p for p in self._futures if p not in wanted]:
                self._futures.pop(position).cancel()
        try:
            batch = future.result()
        except Exception as error:
            self.error = error
            raise
        self._times[index] = (asked, time.perf_counter())
        self._times.pop(index - _TIMES_KEPT, None)  # a loop of one's own may never say that a step is done
        return batch

    def seek(self, start: int) -> None:
        """Makes `feed[0]` the batch `start`; what was prepared before is dropped."""
        with self._lock:
            self.start = start
            for future in self._futures.values():
                future.cancel()
            self._futures.clear()

    def step_done(self) -> None:
        """Notes the end of a training step, on the batch that follows that of the step before."""
        now = time.perf_counter()
        asked, handed = self._times.pop(self._steps_done, (now, now))
        self.seconds_waited += max(0.0, handed - max(asked, self._last_step_end))
        self._last_step_end = now
        self._steps_done += 1

    def close(self) -> None:
        """Stops the threads; batches not yet begun are dropped."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._futures.clear()
