"""Pictures in many kinds of files, whole and damaged."""

import io
import struct
import zlib

import numpy as np
from PIL import Image


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), "uint8")


def smooth(height, width, seed=0):
    return np.asarray(Image.fromarray(noise(4, 5, seed)).resize((width, height), Image.Resampling.BICUBIC))


def encoded(picture, file_format="PNG", **options):
    file = io.BytesIO()
    (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(file, file_format, **options)
    return file.getvalue()


def orientation(value):
    exif = Image.Exif()
    exif[0x0112] = value
    return exif


def reference(content):
    """What Pillow decodes, by its plainest calls."""
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGB"))


PHOTO = smooth(40, 50, 7)
GREY = Image.fromarray(PHOTO).convert("L")
WHOLE = {
    "plain.jpg": encoded(PHOTO, "JPEG"),
    "full chroma.jpg": encoded(PHOTO, "JPEG", subsampling=0, quality=95),
    "odd size.jpg": encoded(smooth(33, 17), "JPEG", subsampling=2),
    "half chroma.jpg": encoded(smooth(31, 29), "JPEG", subsampling=1),
    "progressive.jpg": encoded(PHOTO, "JPEG", progressive=True),
    "grey.jpg": encoded(GREY, "JPEG"),
    "rgb.jpg": encoded(PHOTO, "JPEG", keep_rgb=True),
    "cmyk.jpg": encoded(Image.fromarray(PHOTO).convert("CMYK"), "JPEG"),
    "restarts.jpg": encoded(PHOTO, "JPEG", restart_marker_rows=1),
    "trailing.jpg": encoded(PHOTO, "JPEG") + b"\0\0",
    "палитра 日本.png": encoded(Image.fromarray(PHOTO).convert("P")),
    "really a jpeg.png": encoded(PHOTO, "JPEG"),
    "really a png.jpg": encoded(PHOTO),
    "photo.webp": encoded(PHOTO, "WEBP"),
    "photo.bmp": encoded(PHOTO, "BMP"),
    "photo.tif": encoded(PHOTO, "TIFF"),
    "animated.gif": encoded(GREY, "GIF", save_all=True, append_images=[Image.new("L", (50, 40))]),
    "bilevel.png": encoded(GREY.convert("1")),
}


def png_bomb():
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 30000, 30000, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(10**6))) + chunk(b"IEND", b"")


def flipped(content, position):
    return content[:position] + bytes([content[position] ^ 255]) + content[position + 1 :]


BAD = {
    "empty.jpg": b"",
    "text.jpg": b"<html>not found</html>",
    "cut off.jpg": encoded(PHOTO, "JPEG")[:700],
    "cut off and ended.jpg": encoded(PHOTO, "JPEG")[:300] + b"\xff\xd9",
    "cut off.png": encoded(PHOTO)[:-20],
    "flipped.png": flipped(encoded(PHOTO), 60),
    "cut off.webp": encoded(PHOTO, "WEBP")[:-40],
    "cut off.gif": encoded(GREY, "GIF")[:60],
    "one pixel.png": encoded(noise(1, 1)),
    "tracking dot.gif": encoded(Image.new("L", (1, 1)), "GIF"),
    "bomb.png": png_bomb(),
    "bomb.jpg": encoded(PHOTO, "JPEG").replace(struct.pack(">HH", 40, 50), struct.pack(">HH", 65000, 65000)),
    "script.jpg": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    "floats.tif": encoded(Image.fromarray(np.ones((20, 20), "float32")), "TIFF"),
}


def write_classes(root):
    """Six JPEG files below the folders `a` and `b` of `root`, which is returned."""
    for index in range(6):
        file = root / ("a" if index % 2 else "b") / f"{index}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(encoded(smooth(40 + 3 * index, 50, index), "JPEG"))
    return root
