"""Tells of the pictures that training has to do without."""

from __future__ import annotations

import keras
from rich.console import Console

from keras_stylegan.data.endless import EndlessBatches


class SkippedPictures(keras.callbacks.Callback):
    """Names each picture that cannot be read once, with the reason, and logs their number as `data/skipped_pictures`.

    Nothing is logged while there is none. Goes before the callbacks that write logs down.

    Args:
        batches: what training reads.
        console: where to name them, by default the standard error.
    """

    def __init__(self, batches: EndlessBatches, console: Console | None = None):
        super().__init__()
        self.batches = batches
        self.console = console or Console(stderr=True, soft_wrap=True, highlight=False)
        self._told: set[str] = set()

    def on_train_batch_end(self, batch, logs=None):
        found = self.batches.unreadable
        for name in sorted(found.keys() - self._told):
            line = " ".join(f"skipped: {name}: {found[name]}".split())  # a name may hold line ends
            self.console.print(line, markup=False)
        self._told |= found.keys()
        if found and logs is not None:
            logs["data/skipped_pictures"] = len(found)
