"""`tf.train.Example` messages without TensorFlow: the part of Protocol Buffers' wire format that they use."""

from __future__ import annotations

from collections.abc import Iterator

# A field's key is its number times eight plus its wire type: 0 for an integer, 2 for bytes or a nested message.
_INTEGER, _BYTES = 0, 2
# Field numbers of tensorflow/core/example/feature.proto.
_BYTES_LIST, _INT64_LIST = 1, 3


def encode_example(features: dict[str, bytes | int]) -> bytes:
    """Serialises an Example.

    Args:
        features: from name to one value: bytes, or a non-negative integer.

    Returns:
        Bytes that `tf.io.parse_example` reads with `FixedLenFeature([], tf.string)` and `([], tf.int64)`.

    Raises:
        ValueError: if an integer is negative.
    """
    entries = []
    for name, value in sorted(features.items()):
        if isinstance(value, bytes):
            feature = _nested(_BYTES_LIST, _nested(1, value))
        else:
            feature = _nested(_INT64_LIST, _nested(1, _varint(value)))
        entries.append(_nested(1, _nested(1, name.encode()) + _nested(2, feature)))
    return _nested(1, b"".join(entries))


def decode_example(data: bytes) -> dict[str, bytes | int]:
    """Reads what `encode_example` wrote, or any Example whose features are one bytes value or one integer each.

    Raises:
        ValueError: if the bytes are no such message.
    """
    features = {}
    try:
        for _, entries in _fields(data):
            for _, entry in _fields(entries):
                pair = dict(_fields(entry))
                ((kind, values),) = _fields(pair[2])
                ((_, value),) = _fields(values)
                if kind == _INT64_LIST and not isinstance(value, int):
                    value, _ = _read_varint(value, 0)
                features[pair[1].decode()] = value
    except (IndexError, KeyError, TypeError, UnicodeDecodeError, ValueError) as error:
        raise ValueError("not an Example of single values") from error
    return features


def _nested(number: int, content: bytes) -> bytes:
    return bytes([8 * number + _BYTES]) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; the eighth says that another byte follows."""
    if value < 0:
        raise ValueError(f"`features` must hold non-negative integers. Received: {value}")
    content = bytearray()
    while value > 0x7F:
        content.append(0x80 | value & 0x7F)
        value >>= 7
    content.append(value)
    return bytes(content)


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7


def _fields(data: bytes) -> Iterator[tuple[int, bytes | int]]:
    position = 0
    while position < len(data):
        key, position = _read_varint(data, position)
        value, position = _read_varint(data, position)
        if key % 8 == _BYTES:
            end = position + value
            if end > len(data):
                raise ValueError("truncated message")
            value, position = data[position:end], end
        elif key % 8 != _INTEGER:
            raise ValueError(f"wire type {key % 8}")
        yield key // 8, value
