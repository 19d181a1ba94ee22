"""Files that are no pictures, or damaged ones, each with what is said of it."""

import io
import struct
import zlib

from PIL import Image
from stand_in import photograph

PHOTO = Image.fromarray(photograph(96, 64))


def encoded(file_format, image=PHOTO, **options):
    buffer = io.BytesIO()
    image.save(buffer, format=file_format, **options)
    return buffer.getvalue()


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width, height, data=b""):
    """A PNG with honest checksums whose header may claim any size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(data)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def flipped(content, position):
    damaged = bytearray(content)
    damaged[position] ^= 0xFF
    return bytes(damaged)


def framed(content, width, height):
    """A GIF whose first frame claims a size."""
    place = content.index(b",\0\0\0\0") + 5
    return content[:place] + struct.pack("<HH", width, height) + content[place + 4 :]


def extended_webp(width, height):
    """A WebP whose extended header claims a size."""
    sizes = b"".join((side - 1).to_bytes(3, "little") for side in (width, height))
    parts = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + sizes + encoded("WEBP")[12:]
    return b"RIFF" + struct.pack("<I", len(parts)) + parts


def without_chunk(content, name):
    """A PNG that has lost a chunk."""
    start = content.index(name) - 4
    return content[:start] + content[start + 12 + int.from_bytes(content[start : start + 4], "big") :]


PNG, JPEG = encoded("PNG"), encoded("JPEG")
LZW = encoded("TIFF", compression="tiff_lzw")
IDAT_CHECKSUM = PNG.index(b"IEND") - 8
FILES = {
    "empty.png": (b"", "the file is empty"),
    "one_byte.jpg": (b"\xff", "not a picture"),
    "text.jpg": (b"this is no picture at all", "not a picture"),
    "archive.png": (b"PK\x03\x04" + bytes(100), "not a picture"),
    "sound.webp": (b"RIFF\x00\x10\x00\x00WAVEfmt " + bytes(50), "not a picture"),
    "signature.png": (PNG[:8], "damaged or cut off"),
    "signature.jpg": (JPEG[:4], "damaged or cut off"),
    "half.png": (PNG[: len(PNG) // 2], "damaged or cut off"),
    "no_end.png": (PNG[:-12], "damaged or cut off"),
    "half.jpg": (JPEG[: len(JPEG) // 2], "damaged or cut off"),
    "half.webp": (encoded("WEBP")[:200], "damaged or cut off"),
    "half.bmp": (encoded("BMP")[:500], "damaged or cut off"),
    "no_end_checksum.png": (PNG[:-1], "damaged or cut off"),
    "codes.tiff": (flipped(LZW, len(LZW) // 2), "damaged or cut off"),  # of which libtiff writes lines of its own
    "half.gif": (encoded("GIF")[:900], "damaged or cut off"),
    "half.tiff": (encoded("TIFF")[:500], "damaged or cut off"),
    "half.ppm": (encoded("PPM")[:500], "damaged or cut off"),
    "header_checksum.png": (flipped(PNG, 29), "damaged or cut off"),
    "data_checksum.png": (flipped(PNG, IDAT_CHECKSUM), "damaged or cut off"),
    "data.png": (flipped(PNG, len(PNG) // 2), "damaged or cut off"),
    "lying_header.png": (png(60000, 60000), "at most 178956970 pixels (`max_pixels`). Received: 60000x60000"),
    "lying_header.bmp": (
        flipped(encoded("BMP"), 20)[:18] + struct.pack("<ii", 60000, 60000) + encoded("BMP")[26:],
        "at most 178956970 pixels (`max_pixels`). Received: 60000x60000",
    ),
    "small_lie.png": (png(5000, 5000, bytes(100)), "damaged or cut off"),
    "no_pixels.png": (png(0, 0), ""),
    "no_palette.png": (without_chunk(encoded("PNG", PHOTO.quantize(4)), b"PLTE"), "damaged or cut off"),
    "bomb.gif": (b"GIF89a" + struct.pack("<HH", 65535, 65535) + encoded("GIF")[10:], "at most 178956970 pixels"),
    "bomb_in_a_frame.gif": (framed(encoded("GIF"), 60000, 60000), "the picture is too large"),
    "bomb.webp": (extended_webp(60000, 60000), "the picture is too large"),
}  # fmt: skip
