"""The pictures whose styles are to be learnt: a folder of paintings, named after their files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from keras_stylegan.data.pictures import read_picture, to_float
from keras_stylegan.formats import READABLE_SUFFIXES


def open_styles(source: str | Path | Sequence[str | Path], short_side: int) -> tuple[list[str], list[np.ndarray]]:
    """Reads style pictures, sorted by name. Unlike photographs, none may be missing: an unreadable one is an error.

    Args:
        source: a folder, or a sequence of picture files.
        short_side: larger pictures are reduced to this shorter side, in pixels.

    Returns:
        `(names, pictures)`: the files' stems, and float32 arrays of shape `(height, width, 3)` in [-1, 1].

    Raises:
        ValueError: if there are no pictures, two share a name, or one cannot be decoded.
    """
    if isinstance(source, (str, Path)):
        folder = Path(source)
        if not folder.is_dir():
            raise ValueError(f"`source` must be a folder of style pictures. Received: {source}")
        files = [p for p in folder.iterdir() if p.suffix.lower() in READABLE_SUFFIXES and not p.name.startswith(".")]
    else:
        files = [Path(file) for file in source]
    if not files:
        raise ValueError(f"`source` holds no pictures ({', '.join(sorted(READABLE_SUFFIXES))}). Received: {source}")
    files.sort(key=lambda file: (file.stem, file))
    names = [file.stem for file in files]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"style pictures must have different names. Received twice: {', '.join(repeated)}")
    pictures = []
    for file in files:
        try:
            pictures.append(to_float(read_picture(file, short_side)))
        except Exception as error:  # decoders raise nearly every kind on damaged files
            raise ValueError(f"cannot read the style picture {file}: {error}") from error
    return names, pictures
