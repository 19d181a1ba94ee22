"""Where an XMP packet stands in the file of a picture: put into finished files, and read.

Source: XMP Specification Part 3, "Storage in Files"; PNG's chunk is `iTXt` of PNG (Third Edition), 11.3.3.4.
"""

from __future__ import annotations

import os
import zlib
from typing import Any

from keras_stylegan.formats import open_picture

_TIFF_TAG = 700
_JPEG_NAME = b"http://ns.adobe.com/xap/1.0/\0"
_MAX_JPEG = 65_533 - len(_JPEG_NAME)  # bytes in one segment
_JPEG_FIRST = (0xE0, 0xE1)  # JFIF and EXIF come before everything else
PNG_HEADER = 8 + 25  # bytes of the signature and of the chunk IHDR, which comes first
_GIF_BLOCK = b"\x21\xff\x0bXMP DataXMP"
# Read as the lengths of blocks, these bytes lead from every place in the packet to the end of the extension.
_GIF_END = bytes([1, *range(255, -1, -1), 0])
_AVI_CHUNK = b"_PMX"
_MP4_BOX = b"uuid" + bytes.fromhex("be7acfcb97a942e89c71999491e3afac")


def fits(xmp: bytes, file_format: str) -> bool:
    """Whether a packet fits a format, as Pillow names it; one that has no place for XMP takes none."""
    return file_format in ("PNG", "WEBP", "TIFF", "GIF") or (file_format == "JPEG" and len(xmp) <= _MAX_JPEG)


def save_options(xmp: bytes, file_format: str) -> dict[str, Any]:
    """What `PIL.Image.Image.save` must be given to write a packet; none where `embed_xmp` puts it in afterwards."""
    return {"WEBP": {"xmp": xmp}, "TIFF": {"tiffinfo": {_TIFF_TAG: xmp}}}.get(file_format, {})


def embed_xmp(content: bytes, xmp: bytes) -> bytes:
    """The bytes of the file that `parts_with_xmp` describes."""
    return b"".join(parts_with_xmp(content, xmp))


def parts_with_xmp(content: bytes | memoryview, xmp: bytes) -> list[bytes | memoryview]:
    """Puts a packet into a file that has none. The pixels are not coded again.

    Args:
        content: bytes of a JPEG, PNG, GIF or MP4 file; others stay as they are.
        xmp: the packet.

    Returns:
        The parts of the file with the packet, one behind the other; of a memoryview views, so that nothing is copied.

    Raises:
        ValueError: if the packet is too long for a JPEG.
    """
    start = bytes(content[:12])
    if start.startswith(b"\xff\xd8"):
        if len(xmp) > _MAX_JPEG:
            raise ValueError(f"`xmp` must have at most {_MAX_JPEG} bytes for a JPEG. Received: {len(xmp)}")
        place = 2
        while content[place] == 0xFF and content[place + 1] in _JPEG_FIRST:
            place += 2 + int.from_bytes(content[place + 2 : place + 4], "big")
        segment = _JPEG_NAME + xmp
        return [content[:place], b"\xff\xe1" + (2 + len(segment)).to_bytes(2, "big") + segment, content[place:]]
    if start.startswith(b"\x89PNG"):
        return [content[:PNG_HEADER], png_chunk(xmp), content[PNG_HEADER:]]
    if start.startswith(b"GIF8"):
        return [content[:-1], _GIF_BLOCK + xmp + _GIF_END, content[-1:]]  # before the byte that ends a GIF
    if start[4:8] == b"ftyp":
        return [content, _mp4_box(xmp)]
    return [content]


def append_xmp(path: str | os.PathLike, xmp: bytes) -> None:
    """Puts a packet behind a finished video that has none, whatever its size; files but MP4 and AVI stay as they are.

    Raises:
        OSError: if the file cannot be written.
    """
    with open(path, "r+b") as file:
        start = file.read(12)
        end = file.seek(0, os.SEEK_END)
        if start[4:8] == b"ftyp":
            file.write(_mp4_box(xmp))
        elif _is_avi(start) and int.from_bytes(start[4:8], "little") + 8 == end:  # of more than 1 GB it has other parts
            chunk = _AVI_CHUNK + len(xmp).to_bytes(4, "little") + xmp + bytes(len(xmp) % 2)
            file.write(chunk)
            file.seek(4)
            file.write((end - 8 + len(chunk)).to_bytes(4, "little"))


def png_chunk(xmp: bytes) -> bytes:
    """A packet as a chunk of a PNG file, which may stand behind the first `PNG_HEADER` bytes."""
    chunk = b"iTXtXML:com.adobe.xmp" + bytes(5) + xmp  # not compressed, of no language
    return (len(chunk) - 4).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")


def read_xmp(path: str | os.PathLike) -> bytes | None:
    """The packet of a picture, an MP4 or an AVI file, or None.

    Raises:
        ValueError: if the file is neither.
        OSError: if it cannot be opened.
    """
    with open(path, "rb") as file:
        start = file.read(12)
        if start[4:8] == b"ftyp":
            return _from_mp4(file)
        if _is_avi(start):
            return _from_avi(file)
        file.seek(0)
        if start.startswith(b"GIF8"):
            return _from_gif(file.read())
        image = open_picture(file, os.fspath(path))
        if image.format == "PNG" and "xmp" not in image.info:
            image.load()  # chunks may stand behind the pixels
        return image.info.get("xmp")


def _mp4_box(xmp: bytes) -> bytes:
    return (4 + len(_MP4_BOX) + len(xmp)).to_bytes(4, "big") + _MP4_BOX + xmp


def _is_avi(start: bytes) -> bool:
    return start[:4] == b"RIFF" and start[8:12] == b"AVI "


def _from_avi(file) -> bytes | None:
    size, start = file.seek(0, os.SEEK_END), 12
    while start < size:
        file.seek(start)
        header = file.read(8)
        length = int.from_bytes(header[4:], "little")
        if header[:4] == _AVI_CHUNK:
            return file.read(length)
        start += 8 + length + length % 2
    return None


def _from_gif(content: bytes) -> bytes | None:
    start = content.find(_GIF_BLOCK)
    end = content.find(_GIF_END, start)
    return content[start + len(_GIF_BLOCK) : end] if 0 <= start < end else None


def _from_mp4(file) -> bytes | None:
    size, start = file.seek(0, os.SEEK_END), 0
    while start < size:
        file.seek(start)
        header = file.read(24)
        length = int.from_bytes(header[:4], "big")
        if header[4:] == _MP4_BOX:
            return file.read(length - 24)
        if length == 1:  # the length follows in 64 bits
            length = int.from_bytes(header[8:16], "big")
        if length < 8:  # 0: the box that reaches to the end of the file
            return None
        start += length
    return None
