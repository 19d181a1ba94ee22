"""TFRecord files without TensorFlow: records framed by their length, each guarded by masked CRC-32C checksums."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np

# Castagnoli's polynomial, its bits reversed.
_POLYNOMIAL = 0x82F63B78
_BLOCK = 512
_HEADER, _FOOTER = struct.Struct("<QI"), struct.Struct("<I")
RECORD_START = _HEADER.size  # bytes from a record's position to its data


def _tables() -> np.ndarray:
    """`tables[k, b]`: the register, started from zero, after the byte `b` and `k` bytes of zero."""
    table = np.arange(256, dtype="uint32")
    for _ in range(8):
        table = (table >> 1) ^ np.where(table & 1, np.uint32(_POLYNOMIAL), np.uint32(0))
    rows = [table]
    while len(rows) < _BLOCK:
        rows.append((rows[-1] >> 8) ^ table[rows[-1] & 0xFF])
    return np.stack(rows)


_TABLES = _tables()
# The register is linear in its bytes: that of a block is the exclusive or of one table entry for each position.
_POSITIONS = 256 * np.arange(_BLOCK - 1, -1, -1, dtype="int32")
_ENTRIES = _TABLES.ravel()
# A register carried into a block acts as if added to the block's first four bytes.
_CARRY = [_TABLES[_BLOCK - 1 - byte].tolist() for byte in range(4)]
_ONE_BYTE = _TABLES[0].tolist()


def crc32c(data: bytes) -> int:
    """CRC-32C (Castagnoli) of some bytes, a block of 512 at a time.

    Source: RFC 3720, appendix B.4, for polynomial, initial value and test vectors.
    """
    values = np.frombuffer(data, "uint8")
    if len(values) < 4:
        register = 0xFFFFFFFF
        for value in values.tolist():
            register = (register >> 8) ^ _ONE_BYTE[(register ^ value) & 0xFF]
        return register ^ 0xFFFFFFFF
    # Zeros in front leave a register of zero as it is. The initial register of ones inverts the first four bytes.
    padded = np.zeros(-(-len(values) // _BLOCK) * _BLOCK, "uint8")
    padded[-len(values) :] = values
    padded[len(padded) - len(values) :][:4] ^= 0xFF
    register = 0
    blocks = np.bitwise_xor.reduce(_ENTRIES.take(padded.reshape(-1, _BLOCK) + _POSITIONS), axis=1)
    for block in blocks.tolist():
        for byte, table in enumerate(_CARRY):
            block ^= table[(register >> 8 * byte) & 0xFF]
        register = block
    return register ^ 0xFFFFFFFF


def masked_crc32c(data: bytes) -> int:
    """The checksum as TFRecord files store it: rotated and shifted, lest checksums of checksums be taken."""
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def write_record(file: BinaryIO, data: bytes) -> None:
    """Appends one record to a TFRecord file."""
    length = struct.pack("<Q", len(data))
    file.write(length + _FOOTER.pack(masked_crc32c(length)) + data + _FOOTER.pack(masked_crc32c(data)))


def read_record(file: BinaryIO) -> bytes | None:
    """Reads the record at the file's position; None at the end of the file.

    Raises:
        ValueError: if the record is truncated or a checksum does not match.
    """
    length = _read_length(file)
    if length is None:
        return None
    data, footer = file.read(length), file.read(_FOOTER.size)
    if len(data) < length or len(footer) < _FOOTER.size:
        raise ValueError("truncated record")
    if _FOOTER.unpack(footer)[0] != masked_crc32c(data):
        raise ValueError("damaged record: its checksum does not match")
    return data


def record_offsets(path: str | Path) -> list[int]:
    """The position of every record of a TFRecord file, from the lengths alone; `read_record` verifies checksums.

    Raises:
        ValueError: if the lengths do not add up to the file's.
    """
    offsets, offset = [], 0
    with open(path, "rb") as file:
        end = file.seek(0, 2)
        while offset < end:
            file.seek(offset)
            header = file.read(_HEADER.size)
            if len(header) == _HEADER.size:
                offsets.append(offset)
                offset += _HEADER.size + _HEADER.unpack(header)[0] + _FOOTER.size
            if len(header) < _HEADER.size or offset > end:
                raise ValueError(f"truncated record in {path}")
    return offsets


def _read_length(file: BinaryIO) -> int | None:
    header = file.read(_HEADER.size)
    if not header:
        return None
    if len(header) < _HEADER.size:
        raise ValueError("truncated record")
    length, checksum = _HEADER.unpack(header)
    if checksum != masked_crc32c(header[:8]):
        raise ValueError("damaged record: the checksum of its length does not match")
    return length
