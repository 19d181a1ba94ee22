"""Picture files that may be anything: known by their first bytes, measured before they are decoded."""

import importlib
import numbers

from PIL import Image

MAX_PIXELS = 178_956_970  # where Pillow itself calls a picture a decompression bomb

# First bytes of a file, and the Pillow plugin that reads it. Only these are tried: some of Pillow's other formats start
# external programs, and importing one plugin instead of forty is most of a cold start.
_SIGNATURES = (
    (b"\xff\xd8\xff", "Jpeg"),
    (b"\x89PNG\r\n\x1a\n", "Png"),
    (b"RIFF", "WebP"),
    (b"II*\0", "Tiff"),
    (b"MM\0*", "Tiff"),
    (b"BM", "Bmp"),
    (b"GIF8", "Gif"),
    (b"P4", "Ppm"),
    (b"P5", "Ppm"),
    (b"P6", "Ppm"),
)
READABLE_SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".pbm", ".pgm", ".ppm")
)
# Common pictures that are not read: to be named, where others would be missed in silence.
UNREAD_SUFFIXES = frozenset((".avif", ".heic", ".heif", ".jp2", ".jxl"))
_PNG_END_CHECKSUM = b"\xaeB`\x82"  # of the chunk IEND, which is empty, so that all files end with the same bytes


def open_picture(stream, name: str, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Reads the header of a picture file and checks it; the pixels are not decoded yet.

    Args:
        stream: binary file that can seek, at its start. It must stay open until the pixels are decoded.
        name: what messages call the file.
        max_pixels: int > 0, the greatest width times height.

    Returns:
        A PIL image, not loaded. The checksums of a PNG, which decoding skips, have been verified.

    Raises:
        ValueError: if it is no picture, its header is damaged, or it is too large.
    """
    try:
        start = stream.read(12)
    except OSError as error:  # of a bad disk, which does not say what was read from it
        raise OSError(error.errno, error.strerror, name) from error
    if not start:
        raise ValueError(f"{name}: the file is empty")
    plugin = next((plugin for signature, plugin in _SIGNATURES if start.startswith(signature)), None)
    if plugin is None or (plugin == "WebP" and start[8:] != b"WEBP"):
        raise ValueError(f"{name}: not a picture in a format that can be read (JPEG, PNG, WebP, TIFF, BMP, GIF, PPM)")
    importlib.import_module(f"PIL.{plugin}ImagePlugin")
    # The plugin is called directly because Image.open applies Pillow's process-wide pixel limit, not `max_pixels`.
    factory = Image.OPEN[plugin.upper()][0]

    def open_header():
        stream.seek(0)
        return factory(stream, name)

    try:
        image = open_header()
    except Exception as error:  # on damaged files decoders raise nearly any type
        raise damaged(name, error) from error
    check_size(image.size, max_pixels, name)
    if plugin == "Png":
        # Decoding skips the checksums of pixel data; verifying reads the file once more and leaves the image unusable.
        try:
            image.verify()
            if stream.read(4) != _PNG_END_CHECKSUM:  # where verifying stops
                raise ValueError("the end is missing")
            image = open_header()
        except Exception as error:
            raise damaged(name, error) from error
    return image


def check_size(size: tuple[int, int], max_pixels: int, name: str) -> None:
    """Raises a ValueError if a picture of `size`, (width, height), has no or more than `max_pixels` pixels."""
    if not isinstance(max_pixels, numbers.Real) or not max_pixels > 0:
        raise ValueError(f"`max_pixels` must be a number greater than 0. Received: max_pixels={max_pixels!r}")
    width, height = size
    if width < 1 or height < 1:
        raise ValueError(f"{name}: a picture has at least one pixel. Received: {width}x{height}")
    if width * height > max_pixels:
        raise ValueError(f"{name}: a picture may have at most {max_pixels} pixels (`max_pixels`). "
                         f"Received: {width}x{height}")  # fmt: skip


def damaged(name: str, error: Exception) -> ValueError:
    """The error that says a picture cannot be decoded, for a decoder's error of any type."""
    reason = str(error).partition("\n")[0] or type(error).__name__
    # Some decoders apply Pillow's own limit as soon as they read how large a frame is.
    fault = "too large" if isinstance(error, Image.DecompressionBombError) else "damaged or cut off"
    return ValueError(f"{name}: the picture is {fault} ({reason})")
