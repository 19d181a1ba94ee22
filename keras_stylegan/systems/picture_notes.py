"""What to know of a run's pictures before it begins: how they are brought to its size, and that half are mirrored."""

from __future__ import annotations

from typing import Any

from keras_stylegan.data.batches import Batches
from keras_stylegan.data.sizes import is_enlarged, sample_sizes, share_seen
from keras_stylegan.presets import Preset

LOOKED_AT = 200  # files that are read for their sizes
_WHOLE = 0.99  # what rounding takes off the share of a picture that is seen


def picture_notes(preset: Preset, batches: Any) -> list[str]:
    """Sentences for who starts a run; none about what the preset does not set, or what is not known cheaply.

    Args:
        preset: the settings, perhaps with a `flip`.
        batches: what the run learns from; sizes are those of `Batches`.
    """
    # Of pairs a file may hold both.
    notes = (
        _size_notes(batches.crops) if isinstance(batches, Batches) and len(batches.keys) == len(batches.crops) else []
    )
    if getattr(preset, "flip", 0):
        notes.append("note: half of the pictures are mirrored, left to right; `--set flip=0` mirrors none")
    return notes


def _size_notes(crops):
    (size, scale), sources = (crops[0].crop_size, crops[0].scale), [each.source.source for each in crops]
    found = [sizes[0] for source in sources for _, sizes in sample_sizes(source, -(-LOOKED_AT // len(sources)))]
    asked, count = "x".join(map(str, size)), sum(map(len, sources))
    total = f"{count:,} pictures" if len(found) == count else f"{len(found)} pictures looked at (of {count:,})"
    notes = []
    if small := sum(is_enlarged(picture, size) for picture in found):
        notes.append(f"note: {small} of {total} are smaller than {asked} and are enlarged")
    if scale == (1, 1) and (cropped := sum(share_seen(picture, size) < _WHOLE for picture in found)):
        notes.append(f"note: {cropped} of {total} are not of the shape of {asked} and are cropped to it")
    return notes
