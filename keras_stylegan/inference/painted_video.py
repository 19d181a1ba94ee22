"""Paints a video frame by frame, from file to file, and holds its paint still where nothing moves."""

from __future__ import annotations

import numbers
import os
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from PIL import Image

from keras_stylegan.formats import check_size
from keras_stylegan.inference.videos import Video, check_video_suffix, import_opencv, write_video

# So much of the last painting is kept where the video stands still, which lags by some four frames there and forgets
# the rest. Above a change of eight grey levels next to nothing is kept, so that nothing that moves leaves a trace.
_KEPT, _NOISE = 0.8, 4.0
_NEIGHBOURHOOD = 9  # pixels across which a change is averaged


class VideoRecord(NamedTuple):
    """What was written: size of a frame, number of frames and their speed."""

    width: int
    height: int
    frames: int
    frames_per_second: float


def paint_video(
    paint: Callable[[np.ndarray, tuple[int, int] | None], Image.Image],
    video: str | os.PathLike,
    output: str | os.PathLike,
    max_size: int | None,
    max_pixels: int,
    steady: bool,
    source_type: str | None,
    report: Callable[[int, int | None], None],
) -> VideoRecord:
    """Does the work of `Stylizer.stylize_video`, whose arguments these are.

    Args:
        paint: function from a frame and the size of the result, None for the frame's own, to a picture.
    """
    check_video_suffix(output)
    if max_size is not None and (not isinstance(max_size, numbers.Integral) or max_size < 2):
        raise ValueError(f"`max_size` must be a whole number from 2. Received: max_size={max_size!r}")
    if os.path.realpath(video) == os.path.realpath(output):
        raise ValueError(f"{output}: the output would overwrite its own input")
    steadier = Steadier() if steady else None
    with Video(video) as source, write_video(output, source.rate, source_type) as write:
        check_size(source.size, max_pixels, source.name)
        size = _reduced(source.size, max_size)
        for count, frame in enumerate(source.frames(), 1):
            painted = np.asarray(paint(frame, size))
            write(painted if steadier is None else steadier.hold(frame, painted))
            report(count, source.total)
    width, height = (side // 2 * 2 for side in painted.shape[1::-1])  # as `write_video` says
    return VideoRecord(width, height, count, source.rate)


class Steadier:
    """Blends each painted frame with the one before, where the video's frames do not differ.

    A network paints a still background a little differently in every frame, as its statistics are those of the whole
    picture. A pixel keeps the share 0.8 exp(-(d / 4)²) of the last painting, d being the mean over nine by nine pixels
    of the greatest change of a channel.
    """

    def __init__(self):
        self._opencv = import_opencv()
        self._frame = self._painted = None

    def hold(self, frame: np.ndarray, painted: np.ndarray) -> np.ndarray:
        """Returns the painted frame, held to those before.

        Args:
            frame: uint8 array of shape `(height, width, 3)`, the video's.
            painted: uint8 array, the same painted, in any size.
        """
        exact = painted.astype(np.float32)
        if self._painted is not None:
            exact += self._kept(frame, painted.shape[1::-1]) * (self._painted - exact)
        self._frame, self._painted = frame, exact
        return np.rint(exact).astype(np.uint8)

    def _kept(self, frame, size):
        change = self._opencv.absdiff(frame, self._frame).max(axis=-1).astype(np.float32)
        change = self._opencv.blur(change, (_NEIGHBOURHOOD, _NEIGHBOURHOOD))
        change = self._opencv.resize(change, size, interpolation=self._opencv.INTER_LINEAR)
        return (_KEPT * np.exp(-np.square(change / _NOISE)))[..., None]


def _reduced(size, max_size):
    """(width, height) of at most `max_size`, even as codecs want them; None where a frame keeps its size."""
    if max_size is None or max(size) <= max_size:
        return None
    halves = (min(round(side * max_size / max(size) / 2), max_size // 2) for side in size)
    return tuple(2 * max(1, half) for half in halves)
