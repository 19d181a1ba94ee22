"""Photographs that another method has painted: targets for the pixels of a style."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from keras_stylegan.data.images import ImageSource
from keras_stylegan.data.pairs import join_pair
from keras_stylegan.data.pictures import read_picture
from keras_stylegan.formats import READABLE_SUFFIXES

# Proportions of a painted picture may differ from its photograph's by this much, for rounding.
_TOLERANCE = 0.02


@dataclasses.dataclass(frozen=True)
class PaintedPair:
    """A photograph and what another method made of it.

    Attributes:
        style: number of the style.
        pictures: uint8 array `(height, width, 6)`, the photograph and its painted form, so that both are cropped alike.
    """

    style: int
    pictures: np.ndarray


def open_painted(folder: str | Path, styles: Sequence[str], photographs: ImageSource) -> list[PaintedPair]:
    """Reads painted photographs: `FOLDER/STYLE/PHOTOGRAPH.png` is a photograph's painted form in a style.

    Args:
        folder: with a folder for each of some of the styles.
        styles: names of the styles.
        photographs: where the photographs are, found by their names without suffix.

    Returns:
        A pair for every painted picture, by style and name.

    Raises:
        ValueError: if there is no picture, a folder is named like no style, or a picture cannot be read, has no
            photograph, or other proportions.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"`targets` must be a folder with a folder for each style. Received: {folder}")
    unknown = sorted(each.name for each in folder.iterdir() if each.is_dir() and each.name not in styles)
    if unknown:
        raise ValueError(f"the folders of `targets` must be named like styles. Received: {', '.join(unknown)}")
    places = {PurePosixPath(name).stem: index for index, name in enumerate(photographs.names)}
    files = [file for file in sorted(folder.glob("*/*")) if file.suffix.lower() in READABLE_SUFFIXES]
    if not files:
        raise ValueError(f"`targets` must hold pictures STYLE/PHOTOGRAPH.png. Received: {folder} without any")
    missing = sorted({file.stem for file in files} - set(places))
    if missing:
        raise ValueError(
            f"every picture of `targets` must be named like a photograph of {photographs.location}. "
            f"Received: {missing[0]}, and {len(missing) - 1} more"
        )
    return [PaintedPair(styles.index(file.parent.name), _pair(file, photographs, places[file.stem])) for file in files]


def _pair(file, photographs, place):
    photograph = photographs[place]
    if photographs.names[place] in photographs.unreadable:
        raise ValueError(f"{file}: its photograph {photographs.names[place]} cannot be read")
    painted = Image.fromarray(read_picture(file))
    height, width = photograph.shape[:2]
    if abs(painted.width * height / (painted.height * width) - 1) > _TOLERANCE:
        raise ValueError(
            f"{file}: a target must have its photograph's proportions, {width}x{height}. "
            f"Received: {painted.width}x{painted.height}"
        )
    resized = painted if painted.size == (width, height) else painted.resize((width, height), Image.Resampling.LANCZOS)
    return join_pair((photograph, np.asarray(resized)))
