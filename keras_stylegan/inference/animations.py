"""Pictures in a row as one moving file: GIF and WebP by Pillow, MP4 where imageio-ffmpeg is installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
from PIL import Image

from keras_stylegan.files import whole_file
from keras_stylegan.provenance import describe
from keras_stylegan.xmp_files import embed_xmp, save_options

# Pictures a second: what is faster browsers slow down to a tenth, and of a picture for minutes GIF knows nothing.
SLOWEST, FASTEST = 0.1, 50.0


def formats() -> tuple[str, ...]:
    """The suffixes that can be written here."""
    return (".gif", ".webp", ".mp4") if importlib.util.find_spec("imageio_ffmpeg") else (".gif", ".webp")


def check_animation(path: str | Path, frames_per_second: float = 24.0) -> None:
    """Raises ValueError unless the name's suffix is one of `formats()`, and a file can go at that speed."""
    suffix = Path(path).suffix.lower()
    if suffix not in formats():
        hint = " (MP4 comes with the extra `movies`)" if suffix == ".mp4" else ""
        raise ValueError(f"{path}: an animation must be one of {', '.join(formats())}{hint}")
    if not SLOWEST <= frames_per_second <= FASTEST:
        raise ValueError(
            f"`frames_per_second` must be from {SLOWEST:g} to {FASTEST:g}. "
            f"Received: frames_per_second={frames_per_second}"
        )


def write_animation(
    frames: np.ndarray, path: str | Path, frames_per_second: float = 24.0, source_type: str | None = None
) -> None:
    """Writes a file that repeats without end.

    Args:
        frames: uint8 array of shape `(frames, height, width, 3)`.
        path: the file; its suffix is the format.
        frames_per_second: speed, 0.1 to 50; GIF keeps it to hundredths of a second a picture.
        source_type: what the file says of its making: `"generated"`, `"stylized"`, or None for nothing.

    Raises:
        ValueError: if the format cannot be written here, or the speed is out of range.
    """
    check_animation(path, frames_per_second)
    path, xmp = Path(path), describe(source_type)
    with whole_file(path) as partial:
        if path.suffix.lower() == ".mp4":
            _write_mp4(frames, partial, frames_per_second)
        else:
            _write_by_pillow(frames, partial, frames_per_second, xmp)
        if xmp:
            partial.write_bytes(embed_xmp(partial.read_bytes(), xmp))


def _write_by_pillow(frames: np.ndarray, path: Path, frames_per_second: float, xmp: bytes | None) -> None:
    options = {}
    if path.suffix.lower() == ".webp":
        options = {"lossless": True, **(save_options(xmp, "WEBP") if xmp else {})}
    first, *others = [Image.fromarray(frame) for frame in frames]
    duration = round(1000 / frames_per_second)
    first.save(path, save_all=True, append_images=others, duration=duration, loop=0, **options)


def _write_mp4(frames: np.ndarray, path: Path, frames_per_second: float) -> None:
    import imageio_ffmpeg

    height, width = frames.shape[1:3]
    # H.264 halves its colours: an odd side gains a pixel.
    padded = np.pad(frames, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    size = (padded.shape[2], padded.shape[1])
    writer = imageio_ffmpeg.write_frames(path, size, fps=frames_per_second, quality=8, macro_block_size=2)
    writer.send(None)
    try:
        for frame in padded:
            writer.send(np.ascontiguousarray(frame))
    finally:
        writer.close()
