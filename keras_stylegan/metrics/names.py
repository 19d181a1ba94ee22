"""Names of scores and feature networks, for callers that have not loaded Keras."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

from keras_stylegan.metrics.resizing import RESIZE_FILTERS

METRICS = ("fd", "kid", "precision", "recall", "density", "coverage", "inception_score")
# Of pictures and their truths, not of sets.
PAIRED_METRICS = ("psnr", "ssim", "luma_ssim")

INCEPTION_2015 = "inception-2015"
# Class in keras.applications, the module of its preprocessing, and the size that it was trained on.
APPLICATIONS = {
    "densenet121": ("DenseNet121", "densenet", 224),
    "efficientnet_b0": ("EfficientNetB0", "efficientnet", 224),
    "inception_v3": ("InceptionV3", "inception_v3", 299),
    "mobilenet_v2": ("MobileNetV2", "mobilenet_v2", 224),
    "resnet50": ("ResNet50", "resnet", 224),
    "vgg16": ("VGG16", "vgg16", 224),
    "vgg19": ("VGG19", "vgg19", 224),
    "xception": ("Xception", "xception", 299),
}
# Those that need a local file.
LOCAL = ("mobilenet", INCEPTION_2015)
EXTRACTORS = ("compact", *LOCAL, *APPLICATIONS)
# MobileNet halves the picture five times.
_SMALLEST, _LARGEST = 32, 1024


def check_name(argument: str, name: str, names: Iterable[str]) -> None:
    """Raises a ValueError with the close names, or all of them, unless `name` is one of `names`."""
    names = list(names)
    if name in names:
        return
    close = difflib.get_close_matches(str(name).lower(), names, n=3, cutoff=0.5)
    known = f"Close to it: {', '.join(close)}." if close else f"There are: {', '.join(names)}."
    raise ValueError(f"`{argument}` names an unknown one. {known} Received: {name!r}")


def check_metrics(metrics: Iterable[str], names: Iterable[str] = METRICS) -> tuple[str, ...]:
    """The metrics as a tuple, or a ValueError for one that is none of `names`, a repeated one, or none at all."""
    metrics = tuple(metrics)
    for metric in metrics:
        check_name("metrics", metric, names)
    if not metrics or len(set(metrics)) < len(metrics):
        raise ValueError(f"`metrics` must name each metric once, and at least one. Received: {', '.join(metrics)}")
    return metrics


def check_extractor(
    name: str, weights: str | Path | None = None, size: int | None = None, resize: str | None = None
) -> None:
    """Checks the arguments of `build_extractor` without building anything; its errors are raised here."""
    check_name("extractor", name, EXTRACTORS)
    if resize is not None:
        check_name("resize", resize, RESIZE_FILTERS)
    if weights is None and name in LOCAL:
        raise ValueError(f"`weights` must name the local weight file of {name}. Received: None")
    if weights is not None and not Path(weights).is_file():
        raise FileNotFoundError(2, "No such file", str(weights))
    fixed = APPLICATIONS[name][2] if name in APPLICATIONS else 299 if name == INCEPTION_2015 else None
    if fixed is not None and size not in (None, fixed):
        raise ValueError(f"`size` must be {fixed} for {name}, which was trained on it. Received: size={size}")
    if size is not None and not _SMALLEST <= size <= _LARGEST:
        raise ValueError(f"`size` must be from {_SMALLEST} to {_LARGEST}. Received: size={size}")


def label(score: str, extractor: str) -> str:
    """What a score is called in a table: only with the network of 2015 is it FID, KID or IS."""
    metric = score.removesuffix("_std")
    published = {"fd": "FID", "kid": "KID", "inception_score": "IS"}.get(metric, metric)
    if extractor != INCEPTION_2015 or published == metric:
        published = f"{'FD' if metric == 'fd' else published}-{extractor}"
    return published + score[len(metric) :]
