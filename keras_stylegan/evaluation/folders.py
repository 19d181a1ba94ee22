"""Folders of pictures that belong together by their names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from keras_stylegan.evaluation.style import Painter
from keras_stylegan.formats import READABLE_SUFFIXES


def list_pictures(folder: str | Path, argument: str) -> dict[str, Path]:
    """The pictures of a folder by their names without suffix, sorted as people count: frame 2 before frame 10.

    Args:
        folder: the folder; folders inside of it are not searched.
        argument: name of the option that named it, for messages.

    Raises:
        ValueError: if it is no folder, holds no pictures, or two have one name.
    """
    if not str(folder) or not Path(folder).is_dir():  # without a name it would be the current one
        raise ValueError(f"`{argument}` must be a folder. Received: {str(folder) or repr('')}")
    folder = Path(folder)
    files = [f for f in folder.iterdir() if f.suffix.lower() in READABLE_SUFFIXES and not f.name.startswith(".")]
    files.sort(key=lambda file: (_counted(file.stem), file.name))
    if not files:
        raise ValueError(f"`{argument}` holds no pictures ({', '.join(sorted(READABLE_SUFFIXES))}). Received: {folder}")
    pictures = {file.stem: file for file in files}
    if len(pictures) < len(files):
        repeated = next(file.stem for file in files if pictures[file.stem] != file)
        raise ValueError(f"`{argument}` must have one picture of each name. Received twice: {repeated} in {folder}")
    return pictures


def _counted(name):
    """A name as texts and numbers in turn."""
    return [int(part) if place % 2 else part for place, part in enumerate(re.split(r"(\d+)", name))]


def choose(pictures: Mapping[str, Path], names: Iterable[str], argument: str) -> dict[str, Path]:
    """The pictures of these names, in their order; ValueError for a name that is not there."""
    names = list(names)
    missing = [name for name in names if name not in pictures]
    if missing:
        raise ValueError(f"`{argument}` must hold a picture for each name. Missing: {', '.join(missing)}")
    return {name: pictures[name] for name in names}


def folder_painter(folder: str | Path, photographs: Mapping[str, np.ndarray], styles: Iterable[str]) -> Painter:
    """A painter whose paintings lie in a folder, as STYLE/PHOTOGRAPH.SUFFIX; each comes in its photograph's size.

    Raises:
        ValueError: if one is missing or cannot be read, or two photographs are equal.
    """
    from keras_stylegan.inference import read_picture

    files = {}
    for style in styles:
        found = choose(list_pictures(Path(folder) / style, "--painted"), photographs, "--painted")
        files |= {(name, style): file for name, file in found.items()}
    # A photograph is known by its pixels, since a painter is given nothing else.
    names = {}
    for name, photograph in photographs.items():
        twin = names.setdefault(photograph.tobytes(), name)
        if twin != name:
            raise ValueError(f"photographs of `--painted` must differ. Received: {twin} and {name}, which are equal")

    def paint(photograph, style):
        size = photograph.shape[1::-1]
        painted = read_picture(files[names[photograph.tobytes()], style]).photo
        return np.asarray(painted if painted.size == size else painted.resize(size, Image.Resampling.LANCZOS))

    return paint
