"""Does the paint hold still? Warping errors of clips whose motion is known."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from keras_stylegan.evaluation.results import LOWER, Evaluation, interval
from keras_stylegan.evaluation.style import Painter
from keras_stylegan.metrics.warping import pan, warp, warping_error, warping_errors, zoom

_SMALLEST = 64  # pixels that must be left of a photograph
# Whole pixels need no interpolation, so that a clip of the photograph itself has the error 0; a zoom moves by parts.
MOTIONS = {"pan 1 px": pan(-1, 0), "pan 3 px down 2": pan(-3, -2), "zoom 1.01": zoom(1.01)}


def make_clip(photograph: np.ndarray, motion: np.ndarray, count: int) -> list[np.ndarray]:
    """A clip of a camera over a photograph.

    Args:
        photograph: uint8 array `(height, width, 3)`.
        motion: array `(3, 3)` from each frame to the next, as `warp` takes it.
        count: int, frames.

    Returns:
        List of uint8 arrays of one shape: the largest part, about the centre, that every frame can show.
    """
    frames, seen, whole = [], np.ones(photograph.shape[:2], bool), np.eye(3)
    for _ in range(count):
        frame, inside = warp(photograph, whole)
        frames.append(np.clip(np.rint(frame), 0, 255).astype("uint8"))
        seen &= inside
        whole = whole @ motion
    crop = _middle(seen)
    return [frame[crop] for frame in frames]


def _middle(seen):
    """Slices to the part that holds all that was seen, with the same margin on opposite sides.

    So the centre, about which motions turn and zoom, stays where it is.
    """
    slices = []
    for axis in (1, 0):
        places = np.flatnonzero(seen.any(axis=axis))
        side = seen.shape[1 - axis]
        margin = max(int(places[0]), side - 1 - int(places[-1])) if len(places) else side
        slices.append(slice(margin, max(margin, side - margin)))
    return tuple(slices)


def _check_room(name, photograph, motion_name, motion, frames):
    """ValueError unless enough of a photograph is left in the last frame of a clip, which shows least of it."""
    _, inside = warp(photograph[..., :1], np.linalg.matrix_power(motion, frames - 1))
    if min(part.stop - part.start for part in _middle(inside)) < _SMALLEST:
        raise ValueError(f"{name}: too small for {frames} frames of {motion_name}: {_SMALLEST} pixels must be left")


def evaluate_motion(
    painter: Painter,
    photographs: Mapping[str, np.ndarray],
    styles: Sequence[str],
    frames: int = 4,
    seed: int = 0,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Evaluation:
    """Paints clips of known motion frame by frame and measures how much the paint flickers.

    Rows are motions; `photograph` is the clip's own error, 0 but for interpolation, and `painter` that of its painting,
    on the scale [0, 1] of squared differences.

    Args:
        painter: as for `evaluate_styles`.
        photographs: dict from name to uint8 array.
        styles: names of the styles.
        frames: int, at least 2, frames of a clip.
        seed: of the bootstrap samples.
        report: called with the number of painted clips done and in total.

    Raises:
        ValueError: if `frames` is less than 2, or a photograph too small for the motion.
    """
    if frames < 2:
        raise ValueError(f"`frames` must be at least 2. Received: frames={frames}")
    for name, photograph in photographs.items():  # before anything is painted
        for motion_name, motion in MOTIONS.items():
            _check_room(name, photograph, motion_name, motion, frames)
    table, gallery, done = {}, [], itertools.count(1)
    for motion_name, motion in MOTIONS.items():
        own, painted_errors = [], []
        for name, photograph in photographs.items():
            clip = make_clip(photograph, motion, frames)
            own.append(warping_error(clip, motion))
            for style in styles:
                painted = [painter(frame, style) for frame in clip]
                painted_errors.append(warping_error(painted, motion))
                report(next(done), len(MOTIONS) * len(photographs) * len(styles))
                if len(painted_errors) == 1:
                    gallery.append((f"{motion_name}: {name} in {style}", _shown(painted, motion)))
        table[motion_name] = {"photograph": interval(own, seed), "painter": interval(painted_errors, seed)}
    protocol = {"photographs": list(photographs), "styles": list(styles), "frames": frames, "seed": seed}
    return Evaluation(_TITLE, protocol, {_TABLE: table}, gallery, _NOTES, {_TABLE: LOWER})


def evaluate_clips(clips: Mapping[str, Sequence[np.ndarray]], right: float, down: float, seed: int = 0) -> Evaluation:
    """The warping error of clips painted elsewhere, of scenes that move by so many pixels from frame to frame.

    Args:
        clips: dict from name to frames, uint8 arrays of one shape.
        right, down: how far the scene moves, in pixels.
        seed: of the bootstrap samples.

    Raises:
        ValueError: as `warping_errors`, with the clip's name in front.
    """
    motion, table = pan(right, down), {}
    for name, frames in clips.items():
        try:
            table[name] = {"warping error": interval(warping_errors(frames, motion), seed)}
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
    gallery = [(name, _shown(frames, motion)) for name, frames in clips.items()]
    protocol = {
        "clips": {name: len(frames) for name, frames in clips.items()},
        "right": right,
        "down": down,
        "seed": seed,
    }
    return Evaluation(_TITLE, protocol, {_TABLE: table}, gallery, _NOTES, {_TABLE: LOWER})


def _shown(frames, motion):
    """The first frames of a clip, and where the second is not the first one moved."""
    moved, inside = warp(frames[0], motion)
    flicker = np.where(inside[..., None], np.abs(frames[1].astype("float64") - moved), 0) * _AMPLIFIED
    shown = [(f"frame {number}", frame) for number, frame in enumerate(frames[:_FRAMES_SHOWN], 1)]
    flicker = np.clip(np.rint(flicker), 0, 255).astype("uint8")
    return [*shown, (f"flicker from 1 to 2, {_AMPLIFIED} times as bright", flicker)]


_FRAMES_SHOWN, _AMPLIFIED = 3, 4
_TITLE, _TABLE = "Video: warping error under known motion", "Warping error"
_NOTES = (
    "Mean squared difference between a frame and the one before moved onto it, pixels on the scale [0, 1].",
    "Brackets are 95 % bootstrap intervals: of the mean over clips, or of one painted elsewhere over pairs of frames.",
)
