"""Looks through a set of pictures for what would spoil training: unreadable, tiny, odd and repeated ones."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import os
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from keras_stylegan.data.contents import decode
from keras_stylegan.data.listed_labels import LISTING
from keras_stylegan.data.pictures import reason
from keras_stylegan.data.shards import ShardSource
from keras_stylegan.data.sizes import is_enlarged, share_seen
from keras_stylegan.data.sources import Source, open_source, read_entry
from keras_stylegan.data.splits import found_splits
from keras_stylegan.formats import READABLE_SUFFIXES

KINDS = ("unreadable", "tiny", "small", "cropped", "odd", "duplicate", "near duplicate", "empty class")
# Modes that training turns into RGB, and what is lost or made up thereby.
_ODD_MODES = {
    "1": "black and white", "L": "greyscale", "LA": "greyscale with transparency", "P": "palette", "CMYK": "CMYK",
    "PA": "palette", "RGBA": "transparency", "RGBa": "transparency", "YCbCr": "YCbCr", "LAB": "Lab", "HSV": "HSV",
    "F": "floating point",
}  # fmt: skip
_SUFFIXES = {
    "BMP": (".bmp",), "GIF": (".gif",), "JPEG": (".jfif", ".jpe", ".jpeg", ".jpg"), "PNG": (".png",),
    "MPO": (".jpeg", ".jpg", ".mpo"), "PPM": (".pbm", ".pgm", ".ppm"), "TIFF": (".tif", ".tiff"), "WEBP": (".webp",),
}  # fmt: skip
# Below this share of its area a picture that is cropped to a size is remarked: 3:2 becomes a square of 0.67 unnoticed.
_LEAST_SEEN = 0.6
_HASH_SIDE = 16
# Copies saved again, resized or slightly retouched differ by 0 to 6 % of the bits, different pictures by about half.
_MAX_BITS = 20
# Mean difference of two thumbnails, in levels of 255: flat pictures, whose hashes say little, must also look alike.
_MAX_LEVELS = 8.0


@dataclasses.dataclass(frozen=True)
class Finding:
    """One remark about one picture, or one class: its `kind` (see `KINDS`), its `name`, and what is the matter."""

    kind: str
    name: str
    detail: str


def check(
    source: str | Path | Source,
    min_side: int = 64,
    report: Callable[[int, int], None] | None = None,
    size: tuple[int, int] | None = None,
) -> tuple[int, list[Finding]]:
    """Looks at every picture of a source.

    Two pictures are near duplicates when their difference hashes (the signs of the differences of horizontal
    neighbours in a grey thumbnail of 17 x 16, 256 bits) differ in at most 20 bits and the thumbnails by at most 8
    levels on average. All pairs are compared: 10,000 pictures take a few seconds, and the time grows with the square.

    Args:
        source: what `open_source` opens.
        min_side: pictures whose shorter side has fewer pixels are tiny.
        report: called with the pictures done and in total, now and then.
        size: `(height, width)` of training: pictures that would be enlarged for it are small, and those of which less
            than 60 % would be seen are cropped.

    Returns:
        `(count, findings)`: the number of pictures, and the findings by kind and name. Of several equal pictures the
        first by name is in order, the others are reported.

    Raises:
        ValueError: as `open_source`, or if `min_side` is negative or `size` is not positive.

    Source: hash: Krawetz 2013, "Kind of Like That" (dHash), with 16 rows of 16 bits instead of 8.
    """
    if min_side < 0:
        raise ValueError(f"`min_side` must not be negative. Received: min_side={min_side}")
    if size is not None and min(size) < 1:
        raise ValueError(f"`size` must be positive. Received: size={size}")
    contents = open_source(source)
    names = contents.names
    # In shards a picture keeps its name when it becomes pixels or a PNG file.
    packed = isinstance(contents, ShardSource)

    def look(position: int) -> tuple[list[tuple[str, str]], bytes, np.ndarray | None]:
        try:
            content, _ = read_entry(contents, position)
            return _inspect(content, "" if packed else names[position], min_side, size)
        except MemoryError:
            raise
        except Exception as error:  # decoders raise nearly every kind on damaged files
            return [("unreadable", reason(error))], b"", None

    # What could not even be listed: folders without permission, links into the void.
    findings = [Finding("unreadable", name, why) for name, why in getattr(contents, "unreadable", {}).items()]
    digests, thumbnails = [], []
    with warnings.catch_warnings(), ThreadPoolExecutor(os.cpu_count()) as pool:
        # Pillow refuses pictures of twice this size by itself.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        for first in range(0, len(names), 256):
            part = range(first, min(first + 256, len(names)))
            for position, (remarks, digest, thumbnail) in zip(part, pool.map(look, part), strict=True):
                findings += [Finding(kind, names[position], detail) for kind, detail in remarks]
                digests.append(digest)
                thumbnails.append(thumbnail)
            if report is not None:
                report(part.stop, len(names))
    findings += _repeated(names, digests, thumbnails)
    if problem := getattr(contents, "no_classes", ""):
        findings.append(Finding("odd", LISTING, problem))
    if (splits := found_splits(names)) and all(name.partition("/")[0] in splits for name in names):
        remark = "parts of one set, of which pairs train on train/ alone, but all else on all: name the folder of one"
        findings.append(Finding("odd", f"{'/, '.join(splits)}/", remark))
    findings += [Finding("empty class", name, "no picture") for name in getattr(contents, "empty_classes", ())]
    return len(names), sorted(findings, key=lambda finding: (KINDS.index(finding.kind), finding.name))


def _inspect(
    content, name: str, min_side: int, size: tuple[int, int] | None
) -> tuple[list[tuple[str, str]], bytes, np.ndarray]:
    picture = decode(content)
    height, width = picture.shape[:2]
    pixels = f"{width} x {height} pixels"
    remarks = [("tiny", pixels)] if min(width, height) < min_side else []
    if size is not None:
        if is_enlarged((height, width), size):
            remarks.append(("small", f"{pixels}, which training enlarges"))
        if (seen := share_seen((height, width), size)) < _LEAST_SEEN:
            remarks.append(("cropped", f"{pixels}, of which training sees {seen:.0%}"))
    if isinstance(content, bytes):
        with Image.open(io.BytesIO(content)) as image:
            remarks += [("odd", remark) for remark in _oddities(image, Path(name).suffix.lower())]
    grey = Image.fromarray(picture).convert("L").resize((_HASH_SIDE + 1, _HASH_SIDE), Image.Resampling.BOX)
    key = content if isinstance(content, bytes) else content.tobytes()
    return remarks, hashlib.sha256(key).digest(), np.asarray(grey)


def _oddities(image: Image.Image, suffix: str) -> Iterator[str]:
    if image.mode.startswith("I"):
        yield "16 or 32 bits a channel"
    elif image.mode in _ODD_MODES:
        yield _ODD_MODES[image.mode]
    if getattr(image, "is_animated", False) and image.format != "MPO":
        yield f"{image.n_frames} frames, of which training sees the first"
    # Names of records have suffixes too, which say nothing of the picture.
    if suffix in READABLE_SUFFIXES and suffix not in _SUFFIXES.get(image.format, (suffix,)):
        yield f"named {suffix}, but a {image.format} file"


def _repeated(names: list[str], digests: list[bytes], thumbnails: list[np.ndarray | None]) -> list[Finding]:
    findings, firsts = [], {}
    for position, thumbnail in enumerate(thumbnails):
        if thumbnail is None:
            continue
        first = firsts.setdefault(digests[position], position)
        if first != position:
            findings.append(Finding("duplicate", names[position], f"the same file as {names[first]}"))
    kept = list(firsts.values())
    if not kept:
        return findings
    for later, first in near_pairs(np.stack([thumbnails[position] for position in kept])):
        findings.append(Finding("near duplicate", names[kept[later]], f"looks like {names[kept[first]]}"))
    return findings


def near_pairs(thumbnails: np.ndarray) -> list[tuple[int, int]]:
    """Finds near duplicates.

    Args:
        thumbnails: uint8 array of shape `(count, 16, 17)`, grey.

    Returns:
        Pairs `(later, first)`: each picture that has a near duplicate before it, with the first such.
    """
    count = len(thumbnails)
    bits = thumbnails[:, :, 1:] > thumbnails[:, :, :-1]
    # Of vectors of signs the scalar product is the number of equal bits less that of different ones.
    signs = np.where(bits, np.float32(1), np.float32(-1)).reshape(count, -1)
    least = signs.shape[1] - 2 * _MAX_BITS
    first_of: dict[int, int] = {}
    for start in range(0, count, 512):
        rows, columns = np.nonzero(signs[start : start + 512] @ signs[start:].T >= least)
        earlier, later = rows + start, columns + start
        ahead = earlier < later
        for i, j in zip(earlier[ahead].tolist(), later[ahead].tolist(), strict=True):
            if j not in first_of:
                difference = np.abs(thumbnails[i].astype("int16") - thumbnails[j])
                if difference.mean() <= _MAX_LEVELS:
                    first_of[j] = i
    return sorted(first_of.items())
