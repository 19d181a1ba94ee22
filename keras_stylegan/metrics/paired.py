"""Scores of pictures against the truth, where each has one: pairs by their names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from keras_stylegan.data.images import ImageSource
from keras_stylegan.data.pairs import PairedSource, join_pair
from keras_stylegan.data.sources import Source, open_source
from keras_stylegan.metrics.bootstrap import bootstrap_interval
from keras_stylegan.metrics.fidelity import luma_ssim, psnr, ssim
from keras_stylegan.metrics.names import PAIRED_METRICS, check_metrics

# A score's label in tables, and its function of a picture and the truth.
_SCORES = {"psnr": ("PSNR", psnr), "ssim": ("SSIM", ssim), "luma_ssim": ("luma-SSIM", luma_ssim)}


def evaluate_pairs(
    real: str | Path | np.ndarray | Source,
    fake: str | Path | np.ndarray | Source,
    metrics: Iterable[str] = PAIRED_METRICS,
    resamples: int = 1000,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Scores every picture of one set against the one of its name in another.

    Args:
        real: the truth: what `open_source` opens.
        fake: pictures by the same names, whatever their suffixes, each in the size of its truth.
        metrics: names among `PAIRED_METRICS`.
        resamples: of `bootstrap_interval`; 0 for no intervals.
        report: called with the number of pairs scored and in total.

    Returns:
        Dict for JSON: `scores`, means over the pictures by label; `intervals`, 95 % bootstrap intervals (`low` and
        `high`) of these means; `real` and `fake` (source, images).

    Raises:
        ValueError: if names or sizes differ, a picture cannot be read, or is smaller than a metric needs.
    """
    metrics = check_metrics(metrics, PAIRED_METRICS)
    real, fake = open_source(real), open_source(fake)
    sources = PairedSource(real, fake)
    # What cannot be read would be replaced by a neighbour, and counted twice.
    pairs = ImageSource(sources, arrange=join_pair, max_unreadable=0)
    values: dict[str, list[float]] = {_SCORES[metric][0]: [] for metric in metrics}
    for index, name in enumerate(pairs.names):
        both = pairs[index]
        for label, function in (_SCORES[metric] for metric in metrics):
            try:
                values[label].append(function(both[..., 3:], both[..., :3]))
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from error
        report(index + 1, len(pairs))
    intervals = {}
    for label, scores in values.items() if resamples else ():
        low, high = bootstrap_interval(scores, resamples=resamples)
        intervals[label] = {"low": low, "high": high}
    return {
        "scores": {label: float(np.mean(scores)) for label, scores in values.items()},
        "intervals": intervals,
        "real": {"source": real.location, "images": len(pairs)},
        "fake": {"source": fake.location, "images": len(pairs)},
    }
