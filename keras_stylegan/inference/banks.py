"""Files of own styles: named vectors of one network, small, checked, readable everywhere.

The layout is safetensors': eight bytes with the length of a header (little-endian), the header in JSON, then the
numbers. Each style is a tensor of float32 under its name. `__metadata__` says which network the vectors belong to and
holds a checksum, so that a file of another network, or a damaged one, is refused instead of painting nonsense.
"""

import dataclasses
import hashlib
import json
import os
import pathlib
import re
import struct
from collections.abc import Mapping, Sequence

import numpy as np

from keras_stylegan.files import whole_file

FORMAT = "keras_stylegan styles 1"
# A header names some styles; what asks for more than this is no bank.
_MAX_HEADER = 2**20
# Banks are shared: a name stands in command lines, is printed, and must not look like a file's.
_NAME = re.compile(r"[\w-]+")
_METADATA = "__metadata__"


@dataclasses.dataclass(frozen=True)
class Bank:
    """Own styles of one network.

    Attributes:
        vectors: the style vectors by name, float32 of shape `(vector_size,)`.
        space: what `keras_stylegan.pretrained.style_space` says of the network that they belong to.
    """

    vectors: Mapping[str, np.ndarray]
    space: str


def is_name(name: str) -> bool:
    """Whether a style of one's own may have this name: letters, digits, - and _."""
    return bool(_NAME.fullmatch(name)) and name != _METADATA


def read_bank(path: str | os.PathLike, space: str | None = None) -> Bank:
    """Reads a bank file.

    Args:
        path: the file.
        space: the network's own, to be compared with the file's; None accepts every network's.

    Returns:
        A `Bank`.

    Raises:
        ValueError: if it is no bank, is damaged, or belongs to another network.
        OSError: if the file cannot be read.
    """
    content = pathlib.Path(path).read_bytes()
    try:
        bank = _parse(content)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{os.fspath(path)}: not a bank of styles, or a damaged one ({error})") from error
    if space is not None and bank.space != space:
        raise ValueError(
            f"{os.fspath(path)}: the styles belong to another network; learn them again with this one. "
            f"Its mark must be {space[:12]}. Received: {bank.space[:12]}"
        )
    return bank


def read_banks(paths: Sequence[str | os.PathLike], entry: Mapping) -> dict[str, np.ndarray]:
    """Reads the own styles of several files together.

    Args:
        paths: bank files.
        entry: what the manifest says of the network: `styles`, `style_space`, `vector_size`.

    Returns:
        Style vectors by name, in the files' order.

    Raises:
        ValueError: as `read_bank`; if two files have a style of one name, the vectors are not of the network's length,
            or its mark is not known.
        OSError: if a file cannot be read.
    """
    vectors: dict[str, np.ndarray] = {}
    if paths and "style_space" not in entry:
        raise ValueError("`banks` need a network whose manifest entry has its `style_space`. Received: one without")
    taken = {style["name"] for style in entry["styles"]}
    for path in paths:
        bank = read_bank(path, entry["style_space"])
        repeated = sorted((taken | set(vectors)) & set(bank.vectors))
        if repeated:
            raise ValueError(f"{os.fspath(path)}: there is a style of this name already. Received: {repeated[0]}")
        check_size(path, bank, entry["vector_size"])
        vectors |= bank.vectors
    return vectors


def check_size(path: str | os.PathLike, bank: Bank, size: int) -> None:
    """Raises a ValueError, with the file's name, where vectors of a bank are not as long as the network's."""
    for name, vector in bank.vectors.items():
        if len(vector) != size:
            raise ValueError(
                f"{os.fspath(path)}: the vectors must have {size} numbers, as the network's styles have. "
                f"Received: {len(vector)} in {name}"
            )


def write_bank(bank: Bank, path: str | os.PathLike) -> None:
    """Writes a bank file: whole, or not at all.

    Raises:
        ValueError: if there are no styles, a name breaks its rule, or the vectors are not finite and of one length.
        OSError: if the file cannot be written.
    """
    vectors = {name: np.ascontiguousarray(vector, "<f4") for name, vector in bank.vectors.items()}
    _check(vectors)
    header, start = {_METADATA: _metadata(vectors, bank.space)}, 0
    for name, vector in vectors.items():
        header[name] = {"dtype": "F32", "shape": list(vector.shape), "data_offsets": [start, start + vector.nbytes]}
        start += vector.nbytes
    text = json.dumps(header, ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # the numbers begin at a multiple of their size
    with whole_file(pathlib.Path(path)) as partial:
        partial.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(v.tobytes() for v in vectors.values()))


def _check(vectors):
    if not vectors or len({vector.shape for vector in vectors.values()}) > 1:
        raise ValueError(f"`bank` must hold vectors of one length. Received: {[v.shape for v in vectors.values()]}")
    if not all(vector.ndim == 1 and np.isfinite(vector).all() for vector in vectors.values()):
        raise ValueError("`bank` must hold finite vectors. Received: one that is not")
    for name in vectors:
        if not is_name(name):
            raise ValueError(f"`bank` must have names of letters, digits, - and _. Received: {name!r}")


def _metadata(vectors, space):
    return {"format": FORMAT, "network": space, "sha256": _checksum(vectors, space)}


def _checksum(vectors, space):
    digest = hashlib.sha256(space.encode())
    for name, vector in vectors.items():
        digest.update(json.dumps([name, len(vector)]).encode() + vector.tobytes())
    return digest.hexdigest()


def _parse(content: bytes) -> Bank:
    if len(content) < 8:
        raise ValueError("it is too short")
    (size,) = struct.unpack_from("<Q", content)
    if size > min(_MAX_HEADER, len(content) - 8):
        raise ValueError("the header is missing")
    header = json.loads(content[8 : 8 + size])
    about = header.pop(_METADATA)
    if about["format"] != FORMAT:
        raise ValueError(f"its format is {about['format']!r}")
    vectors = {}
    for name, tensor in header.items():
        start, end = tensor["data_offsets"]
        numbers = content[8 + size + start : 8 + size + end]
        whole = 0 <= start and len(numbers) == end - start
        if tensor["dtype"] != "F32" or not whole or tensor["shape"] != [len(numbers) // 4]:
            raise ValueError(f"the vector of {name} does not fit its header")
        vectors[name] = np.frombuffer(numbers, "<f4")
    if _checksum(vectors, about["network"]) != about["sha256"]:
        raise ValueError("its checksum is not the one it holds")
    _check(vectors)
    return Bank(vectors, about["network"])
