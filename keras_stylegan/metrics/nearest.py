"""Does a generator copy? Its pictures beside those of the training set that are nearest to them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageOps

from keras_stylegan.data.tiles import tile
from keras_stylegan.metrics.neighbors import nearest_neighbors

# White under the generated pictures, as a share of their height.
_GAP = 1 / 8
_LARGEST = 256  # pixels of a picture's longer side on the sheet


def nearest_sheet(
    fake: Sequence[np.ndarray],
    fake_features: np.ndarray,
    real: Sequence[np.ndarray],
    real_features: np.ndarray,
    columns: int = 12,
    neighbors: int = 4,
) -> Image.Image:
    """A sheet of generated pictures, each above its nearest real ones, the nearest first.

    The first half of the columns is spread evenly over the generated pictures; the second holds those of all that come
    closest to a real one, the closest at the right end, where a copy would be found.

    Args:
        fake, real: uint8 pictures `(height, width, 3)`; of the real ones only those shown are read. All are shown in
            the size of the first generated one, at most 256 pixels wide and high.
        fake_features, real_features: arrays `(pictures, features)`, in the order of the pictures.
        columns: generated pictures, if there are so many.
        neighbors: real pictures under each, likewise.

    Raises:
        ValueError: if pictures and features are not as many.
    """
    for name, pictures, features in (("fake", fake, fake_features), ("real", real, real_features)):
        if len(pictures) != len(features):
            raise ValueError(
                f"`{name}_features` must be those of the {len(pictures)} pictures. Received: {len(features)}"
            )
    indices, distances = nearest_neighbors(fake_features, real_features, min(neighbors, len(real)))
    far_to_near = np.argsort(-distances[:, 0], kind="stable")
    # A few pictures are all shown.
    closest = far_to_near[-(columns // 2) :] if len(fake) > columns else far_to_near
    spread = np.linspace(0, len(fake) - 1, columns - columns // 2).round().astype(int) if len(fake) > columns else ()
    shown = [*spread, *closest]
    height, width = fake[0].shape[:2]
    reduction = min(1.0, _LARGEST / max(height, width))
    height, width = (max(1, round(side * reduction)) for side in (height, width))

    def fitted(picture):
        return np.asarray(ImageOps.fit(Image.fromarray(picture), (width, height), Image.Resampling.LANCZOS))

    above = tile(np.stack([fitted(fake[index]) for index in shown])[None])
    below = np.stack([[fitted(real[int(index)]) for index in indices[column]] for column in shown])
    gap = np.full((max(1, round(_GAP * height)), above.shape[1], 3), 255, "uint8")
    return Image.fromarray(np.concatenate([above, gap, tile(below.swapaxes(0, 1))]))
