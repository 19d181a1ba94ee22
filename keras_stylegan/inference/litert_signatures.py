"""One signature of a LiteRT file that has several.

An interpreter prepares all the subgraphs of its file, also those that are never run: with the five signatures of a
stylisation network that would more than double the time to the first picture. So a runtime opens the file once for each
signature that it runs, with the others out of sight. Nothing is copied but the bytes, and no weight is stored twice.
"""

import struct

# Numbers of fields in the tables of the format's schema.
_SUBGRAPHS, _SIGNATURE_DEFS = 2, 7
_SIGNATURE_KEY, _SUBGRAPH_INDEX = 2, 4


def single_signature(model: bytes, name: str) -> bytes:
    """The file as if it had one signature only.

    Args:
        model: bytes of a LiteRT file whose subgraphs each belong to a signature of its own.
        name: the signature.

    Returns:
        Bytes of a LiteRT file: those of `model`, but for the lists of subgraphs and signatures, which have one entry.

    Raises:
        ValueError: if there is no such signature; the message names those there are.

    Source: the FlatBuffers binary format (tables, vtables, vectors of relative offsets) and LiteRT's schema.fbs.
    """
    content = bytearray(model)
    root = _follow(content, 0)
    subgraphs, signatures = (_follow(content, _field(content, root, i)) for i in (_SUBGRAPHS, _SIGNATURE_DEFS))
    slots = [signatures + 4 + 4 * i for i in range(_number(content, signatures))]
    names = [_string(content, _field(content, _follow(content, slot), _SIGNATURE_KEY)) for slot in slots]
    if name not in names:
        raise ValueError(f"the network's LiteRT file has no signature {name}, only {', '.join(names)}")
    if len(names) == 1:
        return model
    signature = _follow(content, slots[names.index(name)])
    index = _field(content, signature, _SUBGRAPH_INDEX)  # left out where it is 0
    subgraph = _follow(content, subgraphs + 4 + 4 * (_number(content, index) if index else 0))
    if index:
        struct.pack_into("<I", content, index, 0)
    for vector, table in ((subgraphs, subgraph), (signatures, signature)):
        first = vector + 4
        struct.pack_into("<II", content, vector, 1, table - first)
    return bytes(content)


def _number(content, place):
    return struct.unpack_from("<I", content, place)[0]


def _follow(content, place):
    """Where the relative offset at a place leads to."""
    return place + _number(content, place)


def _field(content, table, number):
    """Where a table holds a field, 0 if it does not."""
    vtable = table - struct.unpack_from("<i", content, table)[0]
    size = struct.unpack_from("<H", content, vtable)[0]
    entry = 4 + 2 * number
    offset = struct.unpack_from("<H", content, vtable + entry)[0] if entry < size else 0
    return table + offset if offset else 0


def _string(content, place):
    start = _follow(content, place)
    return content[start + 4 : start + 4 + _number(content, start)].decode()
