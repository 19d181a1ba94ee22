"""Frames a second of `keras-stylegan live` at 320x240, with a recorded clip as camera and without a window.

    python benchmarks/live_speed.py [--clip FILE] [--style NAME]

Without a clip one is made of a packaged photograph, over which the camera moves. The figure is the command's own, from
the first frame to the last, decoding and all. Bar: at least 20 frames a second on two cores. Needs OpenCV.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from record import RESULTS, record

from keras_stylegan import pretrained

SIZE, FRAMES = (320, 240), 200


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", type=Path, help="a video file")
    parser.add_argument("--style", default="vangogh_starry_night")
    parser.add_argument("--frames", type=int, default=FRAMES, help="at most (default %(default)s)")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="DIR", help="where to append the line")
    arguments = parser.parse_args()
    if importlib.util.find_spec("cv2") is None:
        print("skipped: `live` needs OpenCV (pip install 'keras_stylegan[camera]')")
        return
    with tempfile.TemporaryDirectory() as folder:
        clip = arguments.clip or make_clip(Path(folder) / "clip.avi", arguments.frames)
        command = [sys.executable, "-m", "keras_stylegan.cli", "live", "--camera", str(clip), "--no-window"]
        command += ["--style", arguments.style, "--width", str(SIZE[0]), "--frames", str(arguments.frames)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    frames, rate = re.search(r"(\d+) frames, ([\d.]+) frames/s", said).groups()
    figures = {"frames": int(frames), "frames_a_second": float(rate), "style": arguments.style}
    record("live_speed", figures, ("ai-edge-litert",), folder=arguments.results)


def make_clip(path: Path, frames: int) -> Path:
    """A motion-JPEG clip: a window that moves over a photograph."""
    import cv2

    photograph = Image.open(pretrained.sample_photographs()[0].open("rb")).convert("RGB")
    factor = 1.5 * max(SIZE[0] / photograph.width, SIZE[1] / photograph.height)
    photograph = photograph.resize([round(side * factor) for side in photograph.size], Image.Resampling.LANCZOS)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 30.0, SIZE)
    for place in (1 - np.cos(np.linspace(0, 2 * np.pi, frames))) / 2:
        left, top = (int(place * (long - short)) for long, short in zip(photograph.size, SIZE, strict=True))
        frame = np.asarray(photograph.crop((left, top, left + SIZE[0], top + SIZE[1])))
        writer.write(np.ascontiguousarray(frame[..., ::-1]))
    writer.release()
    return path


if __name__ == "__main__":
    main()
