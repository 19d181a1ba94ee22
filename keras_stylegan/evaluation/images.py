"""Scores of generated pictures as the other evaluations have them: a table with intervals, notes, pictures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_stylegan.data import Source, open_images
from keras_stylegan.evaluation.results import HIGHER, LOWER, Cell, Evaluation

# Pictures of each set.
_SHOWN = 12
_LOWER_IS_BETTER = ("FID", "FD", "KID")
_OF_SETS = (
    "Brackets are 95 % intervals, by scoring random halves of both sets: where other pictures, as many, would score. "
    "The bias that a number of pictures brings is not in them: a score that differs much from that of halves has one."
)
_OF_PAIRS = "Brackets of PSNR and SSIM are 95 % bootstrap intervals of the mean over pictures."


def images_evaluation(record: dict[str, Any], shown: Mapping[str, str | Path | Source] | None = None) -> Evaluation:
    """The record of `evaluate_images`, of `evaluate_pairs`, or of both in one, as an `Evaluation`.

    Args:
        record: dict with `scores`, `intervals`, `real` and `fake`, and perhaps `warnings`; all else is its protocol.
        shown: titles and sources of pictures, of each of which the first ones make a row of the gallery.
    """
    rows: dict[str, dict[str, Cell]] = {}
    for name, score in record["scores"].items():
        rows[name] = {"score": score}
        interval = record["intervals"].get(name)
        if interval is not None:
            ends = {"mean": score, "low": interval["low"], "high": interval["high"]}
            rows[name]["score"] = {**ends, "count": record["fake"]["images"]}
            rows[name] |= {"of halves": interval["half"]} if "half" in interval else {}
    protocol = {key: part for key, part in record.items() if key not in ("scores", "intervals", "warnings")}
    gallery = [(title, _first_pictures(source)) for title, source in (shown or {}).items()]
    better = {name: LOWER if name.startswith(_LOWER_IS_BETTER) else HIGHER for name in rows if "_std" not in name}
    return Evaluation("Generated pictures", protocol, {"Scores": rows}, gallery, _notes(record), better)


def _notes(record):
    found = [interval for interval in record["intervals"].values() if interval is not None]
    counts = f"{record['real']['images']} real, {record['fake']['images']} generated pictures"
    extractor = record.get("extractor")  # none saw the pictures of paired metrics
    if extractor is not None:
        counts += f", resized to {extractor['size']}x{extractor['size']} ({extractor['resize']})"
    of_sets, of_pairs = (any(("half" in interval) == of_set for interval in found) for of_set in (True, False))
    cropped = record.get("cropped")
    if cropped is not None:
        aspect = "{}:{}".format(*cropped["aspect"])
        counts += (
            f"; cut to the middle of {aspect}, as training cuts: {cropped['real']} real, {cropped['fake']} generated"
        )
    return [counts, *([_OF_SETS] if of_sets else []), *([_OF_PAIRS] if of_pairs else []), *record.get("warnings", [])]


def _first_pictures(source):
    pictures = open_images(source)
    count = min(_SHOWN, len(pictures))
    return [(str(number), picture) for number, picture in enumerate(pictures.take(range(count))[0], 1)]
