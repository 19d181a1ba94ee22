"""How well regions were fused into pictures, where the truth is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from keras_stylegan.evaluation.results import Evaluation, interval
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
    return Evaluation("Fusion", protocol, {"Fused pictures against the truth": table}, gallery, _NOTES)


_NOTES = ("Decibels (PSNR); brackets are 95 % bootstrap intervals of the mean over pictures.",)
