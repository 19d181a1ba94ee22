"""How well a painter paints in styles: quality, stability and faults, between doing nothing and optimisation."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from keras_stylegan.evaluation.results import HIGHER, LOWER, NEAR_ONE, Evaluation, interval
from keras_stylegan.metrics import (
    StyleClassifier,
    TransferDistances,
    blob_outliers,
    border_ratio,
    checkerboard_energy,
    colour_inversion,
    instability,
    light_correlation,
    luma_ssim,
    psnr,
    rgb_uv_histogram,
    shift_instability,
    ssim,
    tile_seams,
)
from keras_stylegan.metrics.colours import hellinger_distance
from keras_stylegan.metrics.stability import add_noise, fgsm_step, through_jpeg

# From a uint8 photograph and a style's name to a uint8 painting of its size.
Painter = Callable[[np.ndarray, str], np.ndarray]
_GALLERY_ROWS, _GALLERY_PICTURES = 6, 6


@dataclasses.dataclass(frozen=True)
class StyleSettings:
    """How much of what to evaluate.

    Attributes:
        gatys_pairs: pairs of photograph and style that are painted by optimisation, the upper end of the scale.
        gatys_steps: steps of it.
        stability_photographs: photographs, of more than one colour, on which every style's stability is measured.
        tile: side of the tiles whose seams are looked for, in pixels.
        seed: of crops, noise and bootstrap samples.
    """

    gatys_pairs: int = 1
    gatys_steps: int = 200
    stability_photographs: int = 1
    tile: int = 128
    seed: int = 0

    def __post_init__(self):
        for name, least in (("gatys_pairs", 0), ("gatys_steps", 1), ("stability_photographs", 0), ("tile", 2)):
            if getattr(self, name) < least:
                raise ValueError(f"`{name}` must be at least {least}. Received: {name}={getattr(self, name)}")


def evaluate_styles(
    painter: Painter,
    photographs: Mapping[str, np.ndarray],
    paintings: Mapping[str, np.ndarray],
    distances: TransferDistances,
    optimize: Painter | None = None,
    gradient: Callable[[np.ndarray, str], np.ndarray] | None = None,
    settings: StyleSettings | None = None,
    disturbable: bool = True,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Evaluation:
    """Scores every photograph in every style.

    Rows: `identity`, the photographs as they are (the lower end of the style scores, the upper of the content's); the
    painter; `optimisation`, Gatys' method on the first pairs (the other end), and the painter on these pairs alone,
    since means over different pairs do not compare. The classifier's own accuracy on paintings is in the protocol.

    Args:
        painter: function from a uint8 photograph `(height, width, 3)` and a style's name to a uint8 painting like it.
        photographs: dict from name to uint8 array, both sides at least 64 pixels and the longer above `settings.tile`.
        paintings: dict from style name to the uint8 style picture, two styles at least.
        distances: `TransferDistances`.
        optimize: a painter by optimisation, or None for no such row.
        gradient: function from a photograph and a style to the gradient for the FGSM step, or None for no such column.
        settings: `StyleSettings`.
        disturbable: whether the painter can paint other pictures than the photographs, as stability needs.
        report: called with the paintings judged and those there are, now and then.

    Returns:
        An `Evaluation`: the scores, their spread over styles, the stability, and a gallery.
    """
    settings = settings or StyleSettings()
    judge = _Judge(distances, paintings, settings)
    seen = {name: distances.features(photograph) for name, photograph in photographs.items()}
    rows: dict[str, dict[tuple[str, str], dict[str, float]]] = {"identity": {}, "painter": {}}
    gallery = [("styles", list(paintings.items())[:_GALLERY_PICTURES])]
    pairs = _pairs(photographs, paintings, settings.gatys_pairs) if optimize is not None else []
    chosen = filter(_can_be_disturbed, photographs.values()) if disturbable else ()
    chosen = list(itertools.islice(chosen, settings.stability_photographs))
    total, done = (len(photographs) + len(chosen)) * len(paintings) + len(pairs), itertools.count(1)

    def tell():
        report(next(done), total)

    for number, (name, photograph) in enumerate(photographs.items()):
        shown = [("photograph", photograph)]
        for style in paintings:
            pair = name, style
            painted = painter(photograph, style)
            rows["identity"][pair] = judge.scores(photograph, photograph, style, seen[name], seen[name])
            rows["painter"][pair] = judge.scores(painted, photograph, style, distances.features(painted), seen[name])
            shown.append((style, painted))
            tell()
        if number < _GALLERY_ROWS:
            gallery.append((name, shown[: _GALLERY_PICTURES + 1]))
    for name, style in pairs:
        optimised = optimize(photographs[name], style)
        scores = judge.scores(optimised, photographs[name], style, distances.features(optimised), seen[name])
        rows.setdefault("painter, pairs of optimisation", {})[name, style] = rows["painter"][name, style]
        rows.setdefault("optimisation", {})[name, style] = scores
        both = [("painter", painter(photographs[name], style)), ("optimisation", optimised)]
        gallery.append((f"{name} in {style}", [("photograph", photographs[name]), ("style", paintings[style]), *both]))
        tell()
    tables = {
        "Scores": {row: _means(list(scores.values()), settings.seed) for row, scores in rows.items()},
        **{f"Spread over styles: {row}": _spread(rows[row]) for row in ("identity", "painter")},
    }
    if chosen:
        tables[_STABILITY] = {"painter": _stability(painter, chosen, list(paintings), gradient, settings.seed, tell)}
    protocol = {
        "network": distances.name,
        "photographs": list(photographs),
        "styles": list(paintings),
        "optimisation_pairs": [list(pair) for pair in pairs],
        "classifier_accuracy_on_paintings": judge.classifier.accuracy,
        **dataclasses.asdict(settings),
    }
    return Evaluation("Style transfer", protocol, tables, gallery, _NOTES, _better(distances.name))


_NOTES = (
    "Content, PSNR and SSIM are against the photograph, style, SIFD and colour against the style picture; deception is "
    "the share of paintings that a classifier takes for their style; an inversion below 0 is a negative. Brackets are "
    "95 % bootstrap intervals of the mean over pairs of photograph and style, drawn as if independent: for these "
    "styles, not for others.",
    "Identity and optimisation are the two ends of the scale; optimisation compares with the painter on its pairs, and "
    "depends on its steps.",
)


_STABILITY = "Stability (change of the painting over change of the photograph)"


def _better(network):
    lower = (f"content-{network}", f"style-{network}", f"SIFD-{network}", "colour", "blobs", _STABILITY)
    return {
        **dict.fromkeys(lower, LOWER),
        **dict.fromkeys(("deception", "PSNR", "SSIM", "luma-SSIM"), HIGHER),
        **dict.fromkeys(("checkerboard", "border", "seams", "light"), NEAR_ONE),
    }


class _Judge:
    """All scores of one painting."""

    def __init__(self, distances, paintings, settings):
        self.distances, self.settings = distances, settings
        self.colours = {style: rgb_uv_histogram(painting) for style, painting in paintings.items()}
        self.targets = {style: distances.features(painting) for style, painting in paintings.items()}
        self.classifier = StyleClassifier(distances, paintings, settings.seed)

    def scores(self, painted, photograph, style, features, seen):
        target, name = self.targets[style], self.distances.name
        return {
            f"content-{name}": self.distances.content(features, seen),
            f"style-{name}": self.distances.style(features, target),
            f"SIFD-{name}": self.distances.single_image_frechet(features, target),
            "colour": hellinger_distance(rgb_uv_histogram(painted), self.colours[style]),
            "deception": float(self.classifier.classify(features) == style),
            "PSNR": psnr(painted, photograph),
            "SSIM": ssim(painted, photograph),
            "luma-SSIM": luma_ssim(painted, photograph),
            "checkerboard": checkerboard_energy(painted),
            "border": border_ratio(painted, photograph),
            "blobs": float(blob_outliers(painted, photograph)),
            "seams": tile_seams(painted, photograph, self.settings.tile),
            "inversion": colour_inversion(painted, photograph),
            "light": light_correlation(painted, photograph),
        }


def _pairs(photographs, paintings, count):
    """Pairs that go through photographs and styles together, so that few of them see many of both."""
    names, styles = list(photographs), list(paintings)
    return [(names[i % len(names)], styles[i % len(styles)]) for i in range(min(count, len(names) * len(styles)))]


def _means(scores: Sequence[Mapping[str, float]], seed: int):
    return {key: interval([row[key] for row in scores], seed) for key in scores[0]}


def _spread(scores: Mapping[tuple[str, str], Mapping[str, float]]):
    """For each score its least and greatest mean of a style: an imbalance between styles hides in the mean over all."""
    by_style: dict[str, list[Mapping[str, float]]] = {}
    for (_, style), row in scores.items():
        by_style.setdefault(style, []).append(row)
    table = {}
    for key in next(iter(scores.values())):
        means = {style: float(np.mean([row[key] for row in rows])) for style, rows in by_style.items()}
        if not np.isfinite(list(means.values())).all():  # the PSNR of equal pictures
            continue
        low, high = min(means, key=means.get), max(means, key=means.get)
        of = (low, high) if means[low] < means[high] else (None, None)
        ends = {"least": means[low], "least of": of[0], "greatest": means[high], "greatest of": of[1]}
        table[key] = {**ends, "deviation": float(np.std(list(means.values())))}
    return table


def _can_be_disturbed(picture):
    """Whether a shift and JPEG leave a trace: not in a picture of one colour."""
    return (picture[:, 1:] != picture[:, :-1]).any() and (through_jpeg(picture) != picture).any()


def _stability(painter, photographs, styles, gradient, seed, tell):
    columns: dict[str, list[float]] = {}
    for photograph in photographs:
        for style in styles:

            def paint(picture, style=style):
                return painter(picture, style)

            changed = {"noise": add_noise(photograph, seed), "jpeg": through_jpeg(photograph)}
            if gradient is not None:
                changed["fgsm"] = fgsm_step(photograph, gradient(photograph, style))
            for kind, picture in changed.items():
                columns.setdefault(kind, []).append(instability(paint, photograph, picture))
            columns.setdefault("shift", []).append(shift_instability(paint, photograph))
            tell()
    return {kind: interval(values, seed) for kind, values in columns.items()}


def read_pictures(files: Mapping[str, Any], short_side: int) -> dict[str, np.ndarray]:
    """Pictures by name as uint8 arrays of that shorter side, enlarged where they are smaller.

    Args:
        files: dict from name to path.
        short_side: in pixels.

    Raises:
        ValueError, OSError: as `read_picture`; ValueError for a picture so long and narrow, or a side so long, that it
            would have more than `MAX_PIXELS`.
    """
    from keras_stylegan.inference import MAX_PIXELS, read_picture

    pictures = {}
    for name, file in files.items():
        photo = read_picture(file).photo
        factor = short_side / min(photo.size)
        size = [max(short_side, round(side * factor)) for side in photo.size]
        if size[0] * size[1] > MAX_PIXELS:
            raise ValueError(
                f"{file}: with a shorter side of {short_side} pixels it must have at most {MAX_PIXELS}. Received: "
                f"{size[0]}x{size[1]}"
            )
        pictures[name] = np.asarray(photo if size == list(photo.size) else photo.resize(size, Image.Resampling.LANCZOS))
    return pictures
