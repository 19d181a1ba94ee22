"""One front for all pictures: `open(source)` gives endless training batches, whatever the source and the engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from keras_stylegan.data.augmentation import Augmentation
from keras_stylegan.data.batches import Batches
from keras_stylegan.data.crops import Crops
from keras_stylegan.data.decoding import Decoder, decode_with_pillow, tensorflow_decoder
from keras_stylegan.data.images import MAX_UNREADABLE, ImageSource
from keras_stylegan.data.listed_labels import LISTING
from keras_stylegan.data.pairs import PairedSource, join_pair, open_domains, split_pair
from keras_stylegan.data.sources import ClassSubset, Source, Subset, open_source
from keras_stylegan.data.splits import of_split

KINDS = ("images", "paired", "unpaired", "styles")
ENGINES = ("auto", "tensorflow", "numpy")
MIN_SIDE = 8  # pixels: what is smaller is an icon or a tracking dot


def open(  # noqa: A001 - called data.open, as gzip.open and zarr.open are
    source: str | Path | np.ndarray | Source | Sequence,
    kind: str = "images",
    *,
    size: int | tuple[int, int] | None = 64,
    batch_size: int = 16,
    seed: int = 0,
    channels: int = 3,
    flip: bool = True,
    scale: tuple[float, float] | None = (1.0, 1.0),
    resample: str = "lanczos",
    augmentation: Augmentation | None = None,
    labels: bool = True,
    classes: Sequence[str] | None = None,
    split: str = "train",
    min_side: int = MIN_SIDE,
    max_unreadable: float = MAX_UNREADABLE,
    cache_bytes: int = 0,
    engine: str = "auto",
    threads: int = 2,
) -> Batches:
    """Opens pictures as endless training batches.

    Args:
        source: what `open_source` opens. For `paired` and `unpaired` also two of them, A and B; or one with pictures
            below `A/` and `B/` or `trainA/` and `trainB/`; or a TFDS set with the splits `trainA` and `trainB`.
        kind: what a batch holds:

            - `images`: `images`, and `labels` where the source has classes;
            - `paired`: `images_a` and `images_b`, cropped and mirrored alike: pictures of equal names in A and B, or,
              where the source has no such folders, the left and right halves of each picture;
            - `unpaired`: `images_a` and `images_b`, each domain in its own order;
            - `styles`: `images` and `labels`, every picture a class of its own named after its file.
        size: int or `(height, width)` of the images; None takes pictures whole, all of one size.
        batch_size: int, images in a batch.
        seed: int >= 0, repeats a run.
        channels: 3, 1 for grey, or 4 for RGB under a full alpha.
        flip: whether to mirror half of the images.
        scale: share of the largest window that fits, `(low, high)`; `(1, 1)` shrinks the whole shorter side to `size`;
            None cuts windows of `size` out of the pixels as they are.
        resample: `area`, `bicubic` or `lanczos`.
        augmentation: what else may happen to an image, alike for a pair's two: an `Augmentation`, or None.
        labels: False ignores the classes of a source.
        classes: for `images`, names of the classes to keep, in the order of their labels; None keeps all.
        split: the split of a TFDS set, of `trainA` and `trainB`, and for `paired` and `unpaired` the one taken of
            `train/`, `val/` and `test/` side by side.
        min_side: pictures with a side shorter than this many pixels are skipped.
        max_unreadable: share of unreadable pictures above which reading stops with their list; unless it is 0, one of
            8 or more may be unreadable all the same.
        cache_bytes: keep decoded pictures in memory up to this many bytes.
        engine: `tensorflow`, `numpy` (Pillow and NumPy, without TensorFlow), or `auto`: that of the Keras backend. The
            batches are the same.
        threads: int, background threads of an iteration.

    Returns:
        `Batches`.

    Raises:
        ValueError: for arguments outside of their range, and for a source that does not exist, is of no known kind, or
            holds no pictures, fewer than two, an empty class folder, labels that are no classes, or pictures of A
            without a partner in B; while iterating: when too many pictures are unreadable, or sizes differ and `size`
            is None.
    """
    if kind not in KINDS:
        raise ValueError(f"`kind` must be one of {', '.join(KINDS)}. Received: kind={kind}")
    decode = get_decoder(engine)

    def crops(opened: Source, arrange: Callable | None = None, stream: int = 0) -> Crops:
        _check_count(opened, 1 if kind == "styles" else 2)
        share = 0 if kind == "styles" else max_unreadable
        pictures = ImageSource(opened, decode, arrange, share, cache_bytes, min_side)
        return Crops(pictures, size, batch_size, scale, flip, seed, stream, resample, augmentation)

    if kind == "images":
        opened = open_source(source, split)
        if labels:
            check_classes(opened, classes)
        opened = opened if classes is None else ClassSubset(opened, classes)
        return Batches([crops(opened if labels else _Unlabelled(opened))], channels=channels, threads=threads)
    if kind == "styles":
        return Batches([crops(_Styles(open_source(source, split)))], channels=channels, threads=threads)
    keys, domains = ("images_a", "images_b"), open_domains(source, split)
    if kind == "unpaired":
        if domains is None:
            raise ValueError(f"`source` must have pictures in A/ and B/, or trainA/ and trainB/. Received: {source}")
        both = [crops(opened, stream=stream) for stream, opened in enumerate(domains)]
        return Batches(both, keys, channels, threads)
    if domains is None:
        return Batches([crops(of_split(open_source(source, split), split), split_pair)], keys, channels, threads)
    return Batches([crops(PairedSource(*domains), join_pair)], keys, channels, threads)


def get_decoder(engine: str) -> Decoder:
    """The decoder of an engine; `auto` is TensorFlow's where Keras runs on it, otherwise Pillow's."""
    if engine not in ENGINES:
        raise ValueError(f"`engine` must be one of {', '.join(ENGINES)}. Received: engine={engine}")
    if engine == "auto":
        import keras

        engine = "tensorflow" if keras.backend.backend() == "tensorflow" else "numpy"
    return tensorflow_decoder() if engine == "tensorflow" else decode_with_pillow


class _Unlabelled(Subset):
    def __init__(self, source: Source):
        super().__init__(source, range(len(source)))
        self.classes = None


class _Styles(Subset):
    def __init__(self, source: Source):
        super().__init__(source, range(len(source)))
        self.classes = tuple(Path(name).stem for name in self.names)
        repeated = sorted({name for name in self.classes if self.classes.count(name) > 1})
        if repeated:
            raise ValueError(f"style pictures must have different names. Received twice: {', '.join(repeated)}")

    def read(self, index: int):
        return super().read(index)[0], index


def _check_count(source: Source, least: int) -> None:
    if len(source) < least:
        raise ValueError(
            f"`source` must hold at least {least} pictures. Received: {source.location} with {len(source)}"
        )


def check_classes(source: Source, chosen: Sequence[str] | None = None) -> None:
    """Raises a ValueError if the labels of a source are no classes, or if there are classes without pictures, among
    those chosen or among all; the message names them."""
    if problem := getattr(source, "no_classes", ""):
        raise ValueError(
            f"`source` must have labels that are classes. Received: {source.location}, whose {LISTING} {problem}; read "
            "the pictures without classes (`labels=False`, or empty `classes` of a preset)"
        )
    empty = [name for name in getattr(source, "empty_classes", ()) if chosen is None or name in chosen]
    if empty:
        names = ", ".join(empty[:10]) + (" and others" if len(empty) > 10 else "")
        raise ValueError(
            f"every class folder of `source` must hold a picture. Received: {source.location} with nothing in {names}; "
            "take the empty folders away, leave these classes out (`classes`), or read the pictures without any "
            "(`labels=False`, or empty `classes` of a preset)"
        )
