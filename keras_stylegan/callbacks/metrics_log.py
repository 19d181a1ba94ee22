"""metrics.jsonl: one line of JSON for every interval of a run."""

from __future__ import annotations

import json
import math
from pathlib import Path

from keras_stylegan.callbacks.clock import Clock
from keras_stylegan.callbacks.interval_log import IntervalLog
from keras_stylegan.files import whole_file
from keras_stylegan.run_records import read_metrics


class MetricsLog(IntervalLog):
    """Appends `{"kimg", "images", "seconds", "images_per_second", "data_wait", **logs}` to a file.

    Values are means over the interval; those that are not finite are written as null, JSON having no NaN. When a run
    continues from a checkpoint, lines later than the checkpoint are dropped, so that no image is counted twice.

    Args:
        clock: the run's `Clock`.
        path: the file.
        every_images: int, images between lines.
    """

    def __init__(self, clock: Clock, path: str | Path, every_images: int):
        super().__init__(clock, every_images)
        self.path = Path(path)

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        kept = [record for record in read_metrics(self.path) if record["images"] <= self.clock.images_seen]
        with whole_file(self.path) as partial:
            partial.write_text("".join(json.dumps(record) + "\n" for record in kept))

    def record(self, values):
        clock = self.clock
        line = {
            "kimg": clock.kimg,
            "images": clock.images_seen,
            "seconds": round(clock.seconds, 3),
            "images_per_second": round(clock.images_per_second, 3),
            "data_wait": round(clock.data_wait, 4),
            **values,
        }
        line = {name: value if math.isfinite(value) else None for name, value in line.items()}
        with self.path.open("a") as file:
            file.write(json.dumps(line, allow_nan=False) + "\n")
