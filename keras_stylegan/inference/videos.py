"""Video files and cameras, read and written a frame at a time. Needs OpenCV."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from keras_stylegan.files import whole_file
from keras_stylegan.provenance import describe
from keras_stylegan.xmp_files import append_xmp

# What OpenCV's wheels can write without further libraries; H.264 is none of it.
_CODECS = {".mp4": "mp4v", ".mov": "mp4v", ".mkv": "mp4v", ".avi": "MJPG", ".webm": "VP80"}
VIDEO_SUFFIXES = tuple(_CODECS)
_SLOWEST, _FASTEST, _USUAL = 1, 240, 25.0  # frames a second; some cameras tell a speed that is none
_WHOLE = 0.9  # of the frames that a file announces, which some formats do by its length in seconds


def check_video_suffix(path: str | os.PathLike) -> None:
    """Raises ValueError unless a video can be written to a file of this name."""
    suffix = Path(path).suffix
    if suffix.lower() not in VIDEO_SUFFIXES:
        raise ValueError(
            f"{path}: the suffix of a video must be one of {', '.join(VIDEO_SUFFIXES)}. Received: {suffix or 'none'}"
        )


def import_opencv():
    """Returns OpenCV; ValueError where it is not installed."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # what is wrong with a file is said here, in one line
    try:
        import cv2
    except ImportError:
        raise ValueError("videos and cameras need OpenCV: pip install 'keras_stylegan[camera]'") from None
    return cv2


class Video:
    """A video file or a camera, open until its `with` ends.

    Args:
        source: path of a file, or number of a camera.

    Attributes:
        size: (width, height).
        rate: frames a second.
        total: frames that the file announces; None of a camera.

    Raises:
        ValueError: if it cannot be opened, or OpenCV is missing.
        FileNotFoundError: if there is no such file.
    """

    def __init__(self, source: str | os.PathLike | int):
        self._opencv, self._is_file = import_opencv(), not isinstance(source, int)
        self.name = os.fspath(source) if self._is_file else str(source)
        if self._is_file and not os.path.exists(source):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), self.name)
        self._capture = self._opencv.VideoCapture(self.name if self._is_file else source)
        if not self._capture.isOpened():
            what = "the file is no video that can be read" if self._is_file else "the camera cannot be opened"
            raise ValueError(f"{self.name}: {what}")
        sides = self._opencv.CAP_PROP_FRAME_WIDTH, self._opencv.CAP_PROP_FRAME_HEIGHT
        self.size = tuple(int(self._capture.get(side)) for side in sides)
        rate = self._capture.get(self._opencv.CAP_PROP_FPS)
        self.rate = rate if _SLOWEST <= rate <= _FASTEST else _USUAL
        total = round(self._capture.get(self._opencv.CAP_PROP_FRAME_COUNT))
        self.total = total if self._is_file and total > 0 else None

    def frames(self, limit: int | None = None) -> Iterator[np.ndarray]:
        """Gives the frames, uint8 arrays of shape `(height, width, 3)`, RGB.

        Args:
            limit: int >= 1, stop after so many.

        Raises:
            ValueError: if there is none, or a file ends before its end.
        """
        count = 0
        while limit is None or count < limit:
            whole, frame = self._capture.read()
            if not whole:
                break
            yield self._opencv.cvtColor(frame, self._opencv.COLOR_BGR2RGB)
            count += 1
        if count == 0:
            raise ValueError(f"{self.name}: the {'video' if self._is_file else 'camera'} gives no frames")
        announced = self.total or 0
        if count < _WHOLE * (announced if limit is None else min(limit, announced)):
            raise ValueError(f"{self.name}: the video is damaged: {count} of {self.total} frames could be read")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._capture.release()


@contextlib.contextmanager
def write_video(
    path: str | os.PathLike, rate: float, source_type: str | None = None
) -> Iterator[Callable[[np.ndarray], None]]:
    """Context that gives a function to write frames with; after an error inside of it there is no file.

    Args:
        path: the file; its suffix is one of `VIDEO_SUFFIXES`. Codecs halve colours: an odd side loses a pixel.
        rate: frames a second.
        source_type: what an MP4, MOV or AVI says of its making: `"generated"`, `"stylized"`, or None for nothing.

    Yields:
        Function of a uint8 array of shape `(height, width, 3)`, RGB, of one shape for all frames.

    Raises:
        ValueError: if the suffix is none of a video, no frame was given, or the file could not be written whole.
        OSError: if it cannot be written.
    """
    check_video_suffix(path)
    opencv, path, packet = import_opencv(), Path(path), describe(source_type)
    code, writer, count = opencv.VideoWriter_fourcc(*_CODECS[path.suffix.lower()]), None, 0
    with whole_file(path) as partial:

        def write(frame):
            nonlocal writer, count
            if writer is None:
                writer = opencv.VideoWriter(os.fspath(partial), code, rate, (frame.shape[1], frame.shape[0]))
                if not writer.isOpened():
                    raise ValueError(f"{path}: the video cannot be written")
            writer.write(opencv.cvtColor(frame, opencv.COLOR_RGB2BGR))
            count += 1

        try:
            yield write
        finally:
            if writer is not None:
                writer.release()
        if count == 0:
            raise ValueError(f"{path}: a video has at least one frame. Received: none")
        _check_written(opencv, partial, count, path)
        if packet is not None:
            append_xmp(partial, packet)


def _check_written(opencv, partial, count, path):
    """OpenCV does not tell of a full disk; the file does, whose index is written last."""
    written = opencv.VideoCapture(os.fspath(partial))
    found = written.get(opencv.CAP_PROP_FRAME_COUNT) if written.isOpened() else 0
    written.release()
    if found < _WHOLE * count:
        raise ValueError(f"{path}: the video could not be written whole; is the disk full?")
