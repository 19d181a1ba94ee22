"""Two sets of pictures to scores and the record of how they were made."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from keras_stylegan.data import ImageSource, Source, open_images
from keras_stylegan.metrics.image_scores import ScoreSettings, check_classifies, score_features
from keras_stylegan.metrics.names import check_metrics, label
from keras_stylegan.metrics.nearest import nearest_sheet
from keras_stylegan.metrics.reference import cached_features, extract
from keras_stylegan.metrics.resizing import aspect_of
from keras_stylegan.metrics.score_intervals import fewest_images, score_intervals


def evaluate_images(
    real: str | Path | np.ndarray | Source,
    fake: str | Path | np.ndarray | Source,
    extractor,
    metrics: Iterable[str] = ("fd", "kid", "precision", "recall"),
    max_features: int = 10_000,
    cache: Path | None = None,
    settings: ScoreSettings | None = None,
    nearest: Callable[[Image.Image], None] | None = None,
    resamples: int = 100,
    report: Callable[..., None] = lambda done, total, what: None,
) -> dict[str, Any]:
    """Scores a set of generated pictures against a set of real ones.

    Pictures of another aspect than the first generated one's are cut to it, to their middle, as training crops them.

    Args:
        real, fake: what `open_source` opens, such as a folder, an npz file or a uint8 array of pictures.
        extractor: `FeatureExtractor`.
        metrics: names among `METRICS`.
        max_features: feature vectors kept of either set.
        cache: folder for the features of the real pictures; None keeps none.
        settings: `ScoreSettings`.
        nearest: called with `nearest_sheet` of the two sets; None makes none.
        resamples: of `score_intervals`; 0 for no intervals.
        report: called with how much is done (None where that is not counted), the total, and of what: `"looking"` at
            pictures, `"scoring"`, `"scoring halves"`, `"comparing"` for the sheet.

    Returns:
        Dict for JSON: `scores` by label; `intervals` by label, as `score_intervals` gives them; `extractor` (name,
        weights, size, resize); `real` and `fake` (source, images, and the real set's SHA-256); `settings`; and, where
        pictures were cut, `cropped`: to which `aspect`, and how many of `real` and of `fake`.

    Raises:
        ValueError: as `open_images`, `score_features` and `score_intervals`; if a sheet is wanted of more than
            `max_features` pictures.

    Warns:
        UserWarning: as `score_features`, and for scores whose interval needs more pictures.
    """
    metrics, settings = check_metrics(metrics), settings or ScoreSettings()
    check_classifies(metrics, extractor)
    sources = {"real": open_images(real), "fake": open_images(fake)}
    for name, source in sources.items() if nearest else ():
        if len(source) > max_features:
            raise ValueError(
                f"`max_features` must be at least the {len(source)} pictures of `{name}` where the nearest ones are "
                f"looked for. Received: max_features={max_features}"
            )
    count, total = len(sources["real"]), sum(map(len, sources.values()))
    aspect = aspect_of(sources["fake"][0])
    real_features, content = cached_features(
        real, extractor, max_features, folder=cache, report=lambda done: report(done, total, "looking"), aspect=aspect
    )
    fake_features = extract(
        sources["fake"],
        extractor,
        max_features,
        report=lambda done: report(count + done, total, "looking"),
        aspect=aspect,
    )
    cropped = {"real": real_features.cropped, "fake": fake_features.cropped}
    report(None, None, "scoring")
    # The record is to say what was done, and small sets have no subsets of a thousand.
    subset_size = min(settings.kid_subset_size, len(real_features.features), len(fake_features.features))
    settings = dataclasses.replace(settings, kid_subset_size=subset_size)
    scores = score_features(real_features, fake_features, metrics, settings)
    intervals = {}
    if resamples:
        report(None, None, "scoring halves")
        intervals = score_intervals(
            real_features,
            fake_features,
            metrics,
            settings,
            resamples,
            report=lambda done: report(done, resamples, "scoring halves"),
        )
    for metric in (name for name, interval in intervals.items() if interval is None):
        message = f"No interval of {metric}: it needs at least {2 * fewest_images(metric, settings)} pictures of a set"
        warnings.warn(message, stacklevel=2)
    if nearest:
        report(None, None, "comparing")
        shown = [_readable(sources[name], found) for name, found in (("fake", fake_features), ("real", real_features))]
        sheet = nearest_sheet(shown[0], fake_features.features, shown[1], real_features.features)
        nearest(sheet)
    return {
        "scores": {label(name, extractor.name): score for name, score in scores.items()},
        "intervals": {label(name, extractor.name): interval for name, interval in intervals.items()},
        "extractor": extractor.protocol(),
        "real": {"source": sources["real"].location, "images": real_features.count, "sha256": content},
        "fake": {"source": sources["fake"].location, "images": fake_features.count},
        "settings": {**dataclasses.asdict(settings), "max_features": max_features, "resamples": resamples},
        **({"cropped": {"aspect": list(aspect), **cropped}} if any(cropped.values()) else {}),
    }


def _readable(source, features):
    """The pictures whose features were kept, in their order."""
    left_out = set(features.unreadable)
    return Readable(source, [index for index, name in enumerate(source.names) if name not in left_out])


class Readable(Sequence):
    """Some of a source's pictures.

    Args:
        source: `ImageSource`.
        places: those pictures' places in it.
    """

    def __init__(self, source: ImageSource, places: Sequence[int]):
        self.source, self.places = source, places

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> np.ndarray:
        return self.source[self.places[index]]
