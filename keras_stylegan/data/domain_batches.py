"""Batches for translation between several domains: pictures, where they are to go, and what it looks like there."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from keras_stylegan.data.crops import Crops
from keras_stylegan.data.endless import EndlessBatches
from keras_stylegan.data.front import check_classes, get_decoder
from keras_stylegan.data.images import ImageSource
from keras_stylegan.data.order import draws
from keras_stylegan.data.pictures import stack_floats
from keras_stylegan.data.sources import ClassSubset, Source, open_source

# Of the draws that choose domains; those of the pictures have lower numbers.
_STREAM = 10
# What a batch holds of each domain, in the order of the streams of their pictures.
_KEYS = ("images", "references", "references_2")


class DomainBatches(EndlessBatches):
    """Endless batches: `images` of `labels`, and two `references` of `targets`, all domains equally often.

    Args:
        source: what `open_source` opens, with a class for each domain.
        size: `(height, width)` of the pictures.
        batch_size: int.
        seed: int >= 0.
        scale, flip: as of `Crops`.
        cache_bytes: keep decoded pictures of a domain in memory up to this many bytes.
        engine: as of `data.open`.

    Attributes:
        domains: tuple of the domains' names.
        counts: list of the numbers of their pictures.

    Raises:
        ValueError: if the source has fewer than two classes, or one without pictures, or as `open_source`.
    """

    def __init__(
        self,
        source: str | Path | Source,
        size: tuple[int, int],
        batch_size: int,
        seed: int = 0,
        scale: tuple[float, float] = (1.0, 1.0),
        flip: bool = True,
        cache_bytes: int = 0,
        engine: str = "auto",
    ):
        opened = open_source(source)
        check_classes(opened)
        self.domains = tuple(opened.classes or ())
        if len(self.domains) < 2:
            raise ValueError(f"`source` must have a folder for each of two or more domains. Received: {source}")
        decode = get_decoder(engine)
        pictures = [ImageSource(ClassSubset(opened, [name]), decode, cache_bytes=cache_bytes) for name in self.domains]
        self.counts = [len(domain) for domain in pictures]
        self._crops = [
            [Crops(domain, size, 1, scale, flip, seed, stream) for domain in pictures] for stream in range(len(_KEYS))
        ]
        super().__init__(batch_size, seed, parts=self._crops[0])

    def at(self, images_seen: int) -> dict[str, np.ndarray]:
        """Float32 images in [-1, 1], int32 `labels` and `targets`."""
        numbers = draws(self.seed, _STREAM, images_seen, self.batch_size)
        labels, targets = (numbers[:, :2] * len(self.domains)).astype("int32").T
        batch = {}
        for key, domains, chosen in zip(_KEYS, self._crops, (labels, targets, targets), strict=True):
            batch[key] = stack_floats([domains[d].cut(images_seen + i)[0][0] for i, d in enumerate(chosen)])
        return {**batch, "labels": np.ascontiguousarray(labels), "targets": np.ascontiguousarray(targets)}
