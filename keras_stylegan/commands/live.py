"""`keras-stylegan live`: a camera's picture, painted while one looks on. Needs OpenCV."""

from __future__ import annotations

import argparse

from keras_stylegan.commands.outputs import add_provenance
from keras_stylegan.commands.painting import add_bank_argument
from keras_stylegan.provenance import STYLIZED

WINDOW = "keras-stylegan"
_LARGEST_CAMERA = 999
_WHOLE = 0.9  # of the frames that a file announces, which some formats do by its length in seconds
_NO_WINDOW = "a window cannot be opened here; give `--no-window` and `--output FILE`"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    add = parser.add_argument
    add("--camera", default="0", metavar="N", help="number of the camera, or a video file (default 0)")
    add("--style", metavar="NAME|FILE", help="first style, by name or a picture; keys n and p go through all")
    add("--strength", type=float, default=1.0, metavar="S", help="0 (as it is) to 1 (default); keys + and -")
    add("--width", type=int, default=320, metavar="PIXELS", help="frames are reduced to this width (default 320)")
    add("--frames", type=int, metavar="N", help="stop after so many frames")
    add("-o", "--output", metavar="FILE", help="also write a video (.avi or .mp4)")
    add("--no-window", action="store_true", help="show nothing, for machines without a screen")
    add_bank_argument(parser)
    add_provenance(parser, STYLIZED)


def run(arguments: argparse.Namespace) -> int:
    """Paints until a key, the last frame or Ctrl-C; returns the exit code."""
    import os
    import time

    from keras_stylegan.commands.network import load_network
    from keras_stylegan.commands.progress import progress_bar
    from keras_stylegan.commands.silence import silence
    from keras_stylegan.inference.live import KEYS, LivePainter

    _check(arguments)
    opencv = _opencv()
    network = load_network(arguments.bank)
    with silence():  # the predictor of style pictures is another LiteRT file, which says what it runs on
        painter = LivePainter(network, arguments.style, arguments.strength)
    camera, writer = _open(opencv, arguments.camera), None
    total, count, left, begun = _total(opencv, camera, arguments), 0, False, time.perf_counter()
    if not arguments.no_window:
        print(KEYS)
    try:
        with progress_bar("painting", total) as tell:
            for frame in _frames(opencv, camera, arguments):
                painted = opencv.cvtColor(painter.paint(frame), opencv.COLOR_RGB2BGR)
                count += 1
                if arguments.output:
                    writer = writer or _writer(opencv, arguments.output, camera, painted)
                    writer.write(painted)
                if arguments.no_window:
                    tell(count)
                elif not painter.press(_shown(opencv, painted, painter)):
                    left = True
                    break
    except KeyboardInterrupt:  # how one leaves without a window, in which one would see how it goes
        left = True
    finally:
        camera.release()
        if writer is not None:
            writer.release()
            _say_how_it_was_made(arguments)
    if count == 0:
        raise ValueError(f"{arguments.camera}: the camera gives no frames")
    print(f"{count} frames, {count / (time.perf_counter() - begun):.1f} frames/s")
    if not left and total is not None and os.path.isfile(arguments.camera) and count < _WHOLE * total:
        raise ValueError(f"{arguments.camera}: the video is damaged: {count} of {total:.0f} frames could be read")
    return 0


def _check(arguments: argparse.Namespace) -> None:
    import os
    import pathlib
    import sys

    # Without a screen OpenCV's own windows end the program, without an exception.
    screens = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if not arguments.no_window and sys.platform == "linux" and not any(map(os.environ.get, screens)):
        raise ValueError(_NO_WINDOW)
    for name in ("width", "frames"):
        value = getattr(arguments, name)
        if value is not None and value < 1:
            raise ValueError(f"`--{name}` must be at least 1. Received: {value}")
    if arguments.output:
        path = pathlib.Path(arguments.output)
        if path.suffix.lower() not in (".avi", ".mp4"):
            raise ValueError(f"{path}: the suffix of a video must be .avi or .mp4. Received: {path.suffix or 'none'}")
        if not path.absolute().parent.is_dir():
            raise ValueError(f"{path}: the output's folder does not exist")
        if path.resolve() == pathlib.Path(arguments.camera).resolve():
            raise ValueError(f"{path}: the output would overwrite its own input")


def _opencv():
    import os

    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # what is wrong with a file is said here, in one line
    try:
        import cv2
    except ImportError:
        raise ValueError("`live` needs OpenCV: pip install 'keras_stylegan[camera]'") from None
    return cv2


def _open(opencv, name: str):
    import os

    from keras_stylegan.commands.silence import silence

    is_number = name.isdecimal() and int(name) <= _LARGEST_CAMERA
    if not is_number and not os.path.isfile(name):
        raise ValueError(f"`--camera` must be the number of a camera or a video file. Received: {name}")
    with silence():
        camera = opencv.VideoCapture(int(name) if is_number else name)
    if not camera.isOpened():
        raise ValueError(f"{name}: the camera or video cannot be opened")
    return camera


def _frames(opencv, camera, arguments):
    """Frames in RGB, reduced to the width asked for."""
    number = 0
    while arguments.frames is None or number < arguments.frames:
        whole, frame = camera.read()
        if not whole:
            return
        height, width = frame.shape[:2]
        if width > arguments.width:
            size = arguments.width, max(1, round(height * arguments.width / width))
            frame = opencv.resize(frame, size, interpolation=opencv.INTER_AREA)
        yield opencv.cvtColor(frame, opencv.COLOR_BGR2RGB)
        number += 1


def _total(opencv, camera, arguments):
    """How many frames there will be; None of a camera."""
    known = arguments.frames, camera.get(opencv.CAP_PROP_FRAME_COUNT)
    return min((count for count in known if count is not None and count > 0), default=None)


def _writer(opencv, path: str, camera, frame):
    code = opencv.VideoWriter_fourcc(*("mp4v" if path.lower().endswith(".mp4") else "MJPG"))
    rate = camera.get(opencv.CAP_PROP_FPS)
    writer = opencv.VideoWriter(path, code, rate if 1 <= rate <= 240 else 25.0, (frame.shape[1], frame.shape[0]))
    if not writer.isOpened():
        raise ValueError(f"{path}: the video cannot be written")
    return writer


def _say_how_it_was_made(arguments) -> None:
    from keras_stylegan.provenance import describe
    from keras_stylegan.xmp_files import append_xmp

    packet = describe(arguments.source_type)
    if packet is not None:
        append_xmp(arguments.output, packet)


def _shown(opencv, frame, painter) -> int:
    """Shows a frame; returns the key pressed meanwhile, -1 for none, q where the window was closed."""
    try:
        opencv.imshow(WINDOW, frame)
        opencv.setWindowTitle(WINDOW, f"{painter.style}  {painter.strength:.1f}")
        key = opencv.waitKey(1)
        closed = opencv.getWindowProperty(WINDOW, opencv.WND_PROP_VISIBLE) == 0  # -1 where windows cannot tell
        return ord("q") if closed else key
    except opencv.error:
        raise ValueError(_NO_WINDOW) from None
