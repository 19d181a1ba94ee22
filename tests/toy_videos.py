"""Tiny clips, written and read by OpenCV."""

import pathlib

import numpy as np
from stand_in import photograph

FRAMES, RATE, SIZE = 5, 10.0, (96, 64)


def write_clip(path, pictures=None):
    """Writes an AVI of five frames of 96x64, or of other pictures; returns them as they are decoded, RGB."""
    import cv2

    pictures = [photograph(*SIZE, seed) for seed in range(FRAMES)] if pictures is None else pictures
    size = pictures[0].shape[1::-1]
    writer = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*"MJPG"), RATE, size)
    for picture in pictures:
        writer.write(np.ascontiguousarray(picture[..., ::-1]))
    writer.release()
    return read_frames(path)


def read_frames(path):
    """All frames of a video, RGB, as int."""
    import cv2

    camera, found = cv2.VideoCapture(path), []
    while True:
        whole, frame = camera.read()
        if not whole:
            return found
        found.append(frame[..., ::-1].astype(int))


def cut_clip(source, path):
    """Writes the part of an AVI before its third frame."""
    content = pathlib.Path(source).read_bytes()
    third = [place for place in range(len(content)) if content.startswith(b"00dc", place)][2]
    pathlib.Path(path).write_bytes(content[: third + 100])
