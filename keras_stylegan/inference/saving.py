"""Writes pictures: whole or not at all, in the format that the file name says."""

import io
import math
import os
import pathlib
import threading

from PIL import Image

from keras_stylegan.provenance import describe
from keras_stylegan.xmp_files import fits, parts_with_xmp, save_options

# Quality at which strokes and flat colours show no coding artefacts; colour at full resolution, as thin strokes need.
_JPEG = {"quality": 92, "subsampling": 0}
_OPTIONS = {
    "JPEG": _JPEG,
    "PNG": {"compress_level": 4},  # half the time of Pillow's 6 for some 3 % more bytes
    "WEBP": {"quality": 92, "method": 2},  # half the time of 4 and two thirds of its memory, for 2 % more bytes
    "TIFF": {"compression": "tiff_adobe_deflate"},
    "BMP": {},
}
FORMATS = {
    ".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".tif": "TIFF", ".tiff": "TIFF", ".bmp": "BMP",
}  # fmt: skip
_WITH_ALPHA = ("PNG", "WEBP", "TIFF")
_WITH_EXIF = ("JPEG", "PNG", "WEBP")  # Pillow cannot write EXIF's sub-directories into a compressed TIFF
_MAX_JPEG_EXIF = 65_533  # bytes in one segment
_MAX_SIDE = {"JPEG": 65_500, "WEBP": 16_383}  # of libjpeg, which would say so on standard error, and of the format


def check_suffix(path) -> str:
    """Returns the format that the suffix of `path` stands for; ValueError listing the valid ones if there is none."""
    suffix = pathlib.PurePath(path).suffix
    try:
        return FORMATS[suffix.lower()]
    except KeyError:
        raise ValueError(
            f"{path}: the suffix of an output must be one of {', '.join(FORMATS)}. Received: {suffix or 'none'}"
        ) from None


def write_picture(image: Image.Image, path, source_type: str | None = None, settings: str | None = None) -> None:
    """Writes a grey, RGB or RGBA picture under a temporary name in the same folder, then renames it to `path`.

    Formats without alpha (JPEG, BMP) get the picture laid on white. An EXIF block and what still holds of an XMP packet
    in `image.info` are written where the format has a place for them.

    Args:
        image: PIL image of mode L, RGB or RGBA.
        path: output path; its suffix chooses the format.
        source_type: what the picture says of its making: `"generated"`, `"stylized"`, or None for nothing
            (`keras_stylegan.provenance`). BMP has no place for it.
        settings: what it says of the settings that made it; None, or without a source type, nothing.

    Raises:
        ValueError: if the suffix or the source type is unknown, or the format cannot hold the picture (JPEG: 65,500
            pixels a side, WebP: 16,383).
        OSError: if the file cannot be written.
    """
    path = pathlib.Path(path)
    # Encoded in memory first: Pillow's encoders do not notice when a full disk takes only a part of what they write.
    file_format = check_suffix(path)
    try:
        parts = _encode(image, file_format, source_type, settings)
    except (ValueError, OSError) as error:
        raise ValueError(f"{path}: the picture does not fit the format ({error})") from error
    # Without the name of `path`, which may already be as long as a name can be.
    temporary = path.with_name(f".{os.getpid()}-{threading.get_ident()}{path.suffix}")
    try:
        try:
            write_parts(temporary, parts)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error


def write_parts(path: pathlib.Path, parts: list[bytes | memoryview]) -> None:
    """Writes a file of its parts, without joining them in memory."""
    with open(path, "wb") as file:
        file.writelines(parts)


def encode_picture(image: Image.Image, file_format: str, source_type: str | None = None) -> bytes:
    """Returns the file that `write_picture` would write in `file_format` (a value of `FORMATS`)."""
    return b"".join(_encode(image, file_format, source_type))


def _encode(image, file_format, source_type, settings=None):
    """The parts of the file, of which that with the pixels is not copied: it may be large."""
    if max(image.size) > _MAX_SIDE.get(file_format, math.inf):
        raise ValueError(f"{file_format} takes at most {_MAX_SIDE[file_format]} pixels a side. "
                         f"Received: {image.width}x{image.height}")  # fmt: skip
    # A photographer's packet may be too long for a JPEG together with ours.
    packets = (describe(source_type, image.info.get("xmp"), settings), describe(source_type, settings=settings))
    xmp = next((packet for packet in packets if packet and fits(packet, file_format)), None)
    image, options = _prepare(image, file_format)
    buffer = io.BytesIO()
    image.save(buffer, format=file_format, **options, **(save_options(xmp, file_format) if xmp else {}))
    return parts_with_xmp(buffer.getbuffer(), xmp) if xmp else [buffer.getbuffer()]


def _prepare(image: Image.Image, file_format: str) -> tuple[Image.Image, dict]:
    options = dict(_OPTIONS[file_format])
    exif = image.info.get("exif")
    if exif and file_format in _WITH_EXIF and not (file_format == "JPEG" and len(exif) > _MAX_JPEG_EXIF):
        options["exif"] = exif
    if image.mode == "RGBA" and file_format not in _WITH_ALPHA:
        page = Image.new("RGB", image.size, "white")
        page.paste(image, mask=image.getchannel("A"))
        image = page
    return image, options
