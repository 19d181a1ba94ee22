"""Many pictures on one."""

from __future__ import annotations

import numpy as np


def tile(pictures: np.ndarray) -> np.ndarray:
    """Lays pictures out on one.

    Args:
        pictures: uint8 array of shape `(rows, columns, height, width, 3)`, or `(count, height, width, 3)`, which is
            laid out in rows of about as many pictures as there are rows, the rest left white.

    Returns:
        uint8 array of shape `(rows * height, columns * width, 3)`.
    """
    pictures = np.asarray(pictures)
    if pictures.dtype != np.uint8 or pictures.ndim not in (4, 5) or pictures.shape[-1] != 3:
        raise ValueError(
            "`pictures` must be uint8 of shape (count, height, width, 3) or (rows, columns, height, width, 3). "
            f"Received: {pictures.dtype} of shape {pictures.shape}"
        )
    if pictures.ndim == 4:
        columns = int(np.ceil(np.sqrt(len(pictures))))
        missing = -len(pictures) % columns
        pictures = np.concatenate([pictures, np.full((missing, *pictures.shape[1:]), 255, "uint8")])
        pictures = pictures.reshape(-1, columns, *pictures.shape[1:])
    rows, columns, height, width, _ = pictures.shape
    return pictures.transpose(0, 2, 1, 3, 4).reshape(rows * height, columns * width, 3)
