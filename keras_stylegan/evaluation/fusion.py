"""How well regions were fused into pictures, where the truth is known."""

from __future__ import annotations

import dataclasses
import functools
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from keras_stylegan.data.harmonization import draw_region
from keras_stylegan.data.shifts import HELD_OUT_SHIFTS, SHIFTS, TRAINING_SHIFTS, apply_shifts
from keras_stylegan.evaluation.results import HIGHER, Evaluation, interval
from keras_stylegan.inference.blending import BLENDS
from keras_stylegan.inference.fusion import GAN
from keras_stylegan.inference.fusion_network import FINISHES, FusionNetwork
from keras_stylegan.metrics import boundary_band, psnr, ssim

Triple = tuple[str, np.ndarray, np.ndarray, np.ndarray]
_GALLERY_ROWS = 8


def fusion_scores(fused: np.ndarray, truth: np.ndarray, mask: np.ndarray, band: int = 4) -> dict[str, float]:
    """PSNR and SSIM of a fused picture, PSNR inside of the region and in the band along its edge.

    Args:
        fused, truth: uint8 arrays `(height, width, 3)` of one shape, both sides at least 11 pixels.
        mask: bool array `(height, width)`, the region that was put in, neither empty nor everything.
        band: half width of the band, in pixels.

    Raises:
        ValueError: if the shapes differ, or the mask is empty or everything.
    """
    edge = boundary_band(mask, band)
    if not edge.any():
        raise ValueError("`mask` must hold a part of the picture, neither nothing nor everything")
    return {
        "PSNR": psnr(fused, truth),
        "SSIM": ssim(fused, truth),
        "masked PSNR": psnr(fused, truth, mask),
        "boundary PSNR": psnr(fused, truth, edge),
    }


def evaluate_fused(rows: Mapping[str, Iterable[Triple]], band: int = 4, seed: int = 0) -> Evaluation:
    """Scores fused pictures.

    Args:
        rows: dict from the name of a row to its pictures: `(name, fused, truth, mask)`, the arrays as in
            `fusion_scores`.
        band: half width of the band along edges, in pixels.
        seed: of the bootstrap samples.

    Raises:
        ValueError: as `fusion_scores`, with the picture's name in front.
    """
    table, gallery, names = {}, [], {}
    for row, triples in rows.items():
        scores, names[row] = [], []
        for name, fused, truth, mask in triples:
            try:
                scores.append(fusion_scores(fused, truth, mask, band))
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from error
            names[row].append(name)
            if len(gallery) < _GALLERY_ROWS:
                region = np.repeat(np.uint8(255) * np.asarray(mask, "uint8")[..., None], 3, axis=2)
                gallery.append((f"{name} ({row})", [("fused", fused), ("truth", truth), ("region", region)]))
        table[row] = {key: interval([score[key] for score in scores], seed) for key in scores[0]}
    protocol = {"pictures": names, "band": band, "seed": seed}
    return Evaluation("Fusion", protocol, {"Fused pictures against the truth": table}, gallery, _NOTES, _BETTER)


@dataclasses.dataclass(frozen=True)
class Case:
    """A photograph of which a region was changed.

    Attributes:
        name: of the photograph.
        family: of the change, a key of `SHIFTS`.
        source: uint8 array `(height, width, 3)`, the photograph, changed.
        target: uint8 array, the photograph: what is around the region, and the truth in it.
        mask: float32 array `(height, width)` in [0, 1].
    """

    name: str
    family: str
    source: np.ndarray
    target: np.ndarray
    mask: np.ndarray


def harmonization_cases(
    photographs: Mapping[str, np.ndarray], families: Sequence[str] = tuple(SHIFTS), seed: int = 0
) -> list[Case]:
    """One case for every photograph and family, a function of names and seed alone.

    Args:
        photographs: dict from name to uint8 array `(height, width, 3)`.
        families: keys of `SHIFTS`.
        seed: int.
    """
    cases = []
    for name, photograph in photographs.items():
        for family in families:
            rng = np.random.default_rng((seed, zlib.crc32(f"{name}/{family}".encode())))
            mask = draw_region(photograph.shape[:2], rng)
            cases.append(Case(name, family, apply_shifts(photograph, (family,), rng), photograph, mask))
    return cases


def evaluate_blends(
    cases: Sequence[Case],
    network: FusionNetwork | None = None,
    others: Mapping[str, Callable] | None = None,
    band: int = 4,
    seed: int = 0,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Evaluation:
    """Compares the classical blends, and the fusion network, on cases whose truth is known.

    A blend may know the target outside of the region, but not the truth inside of it: there it is given the source, and
    a mask of 1, lest it mix the source into its result. The region, which scores are of, is where the mask is above a
    half.

    Args:
        cases: of `harmonization_cases`.
        network: `FusionNetwork`, the row `gan`, or None.
        others: further blends by name, called as those of `BLENDS`.
        band: half width of the band along edges, in pixels.
        seed: of the bootstrap samples.
        report: called with the number of cases done and in total.

    Returns:
        An `Evaluation` with a table of all scores, and one of masked PSNR for every family. The network's rows are
        `gan`, and `gan, NAME` with a classical finish.
    """
    blends = {**BLENDS, **(others or {})}
    if network is not None:
        blends |= _network_blends(network)
    scores = {blend: [] for blend in blends}
    gallery = []
    for number, case in enumerate(cases):
        region = case.mask > 0.5
        blind = np.where(region[..., None], case.source, case.target)
        mask = np.where(region, np.float32(1), case.mask)
        around = _around(region)
        shown = [("truth", case.target[around])]
        for blend, function in blends.items():
            fused = function(case.source, blind, mask)
            scores[blend].append(fusion_scores(fused, case.target, region, band))
            shown.append((blend, fused[around]))
        if number % max(1, len(cases) // _GALLERY_ROWS) == 0:
            gallery.append((f"{case.name}: {case.family}", shown))
        report(number + 1, len(cases))
    families = list(dict.fromkeys(case.family for case in cases))

    def mean_of(blend, key, chosen):
        by_photograph = {}
        for score, case in zip(scores[blend], cases, strict=True):
            if case.family in chosen:
                by_photograph.setdefault(case.name, []).append(score[key])
        # Photographs, not cases, are drawn: one photograph's regions are not independent.
        return interval([float(np.mean(values)) for values in by_photograph.values()], seed)

    groups = {"families of training": TRAINING_SHIFTS, "held-out families": HELD_OUT_SHIFTS}
    groups = {title: set(group) & set(families) for title, group in groups.items()}
    tables = {
        f"All scores, {title}": {
            blend: {key: mean_of(blend, key, group) for key in scores[blend][0]} for blend in blends
        }
        for title, group in groups.items()
        if group
    }
    tables[_BY_FAMILY] = {
        blend: {family: mean_of(blend, "masked PSNR", {family}) for family in families} for blend in blends
    }
    protocol = {
        "photographs": list(dict.fromkeys(case.name for case in cases)),
        "families": families,
        "held_out": sorted(groups["held-out families"]),
        "band": band,
        "seed": seed,
    }
    return Evaluation("Fusion: blends on changed regions", protocol, tables, gallery, _NOTES, _BETTER)


def _network_blends(network):
    def finished(finish, source, target, mask):
        return network.fuse(source, target, mask[..., None], finish)

    return {
        GAN if finish is None else f"{GAN}, {finish}": functools.partial(finished, finish)
        for finish in (None, *FINISHES)
    }


def _around(region):
    """The part of a picture that holds a region, and as much again around it: where there is something to compare."""
    part = []
    for axis in (1, 0):
        places = np.flatnonzero(region.any(axis=axis))
        margin = (places[-1] - places[0] + 1) // 2
        part.append(slice(max(0, places[0] - margin), places[-1] + margin + 1))
    return tuple(part)


_BY_FAMILY = "Masked PSNR by family"
_NOTES = ("Decibels (PSNR); brackets are 95 % bootstrap intervals of the mean over pictures.",)
_BETTER = dict.fromkeys(("PSNR", "SSIM", "masked PSNR", "boundary PSNR", _BY_FAMILY), HIGHER)
