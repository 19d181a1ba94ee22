"""`keras-stylegan live`: a camera's picture, painted while one looks on. Needs OpenCV."""

from __future__ import annotations

import argparse
import contextlib
import os

from keras_stylegan.commands.outputs import add_provenance
from keras_stylegan.commands.painting import add_style_arguments
from keras_stylegan.provenance import STYLIZED

WINDOW = "keras-stylegan"
_LARGEST_CAMERA = 999
_WIDTH = 320
_NO_WINDOW = "a window cannot be opened here; give `--no-window` and `--output FILE`"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    add = parser.add_argument
    add("--camera", default="0", metavar="N", help="number of the camera, or a video file (default 0)")
    add_style_arguments(parser)
    add("--width", type=int, metavar="PIXELS",
        help=f"reduce frames to this width (default {_WIDTH}; a file's own where there is an output)")  # fmt: skip
    add("--frames", type=int, metavar="N", help="stop after so many frames")
    add("-o", "--output", metavar="FILE", help="also write a video, without sound (.mp4, .mov, .mkv, .avi or .webm)")
    add("--no-window", action="store_true", help="show nothing, for machines without a screen")
    add_provenance(parser, STYLIZED)


def run(arguments: argparse.Namespace) -> int:
    """Paints until a key, the last frame or Ctrl-C; returns the exit code."""
    import time

    from keras_stylegan.commands.network import load_network
    from keras_stylegan.commands.painting import parse_mixture
    from keras_stylegan.commands.progress import progress_bar
    from keras_stylegan.commands.silence import silence
    from keras_stylegan.inference.live import KEYS, LivePainter
    from keras_stylegan.inference.videos import Video, import_opencv, write_video

    styles = parse_mixture(arguments)
    _check(arguments)
    import_opencv()
    source = _source(arguments.camera)
    network = load_network(arguments.bank)
    count, begun = 0, time.perf_counter()
    # OpenCV says much of files on standard error, and so does the predictor of style pictures of what it runs on.
    with silence() as heard, Video(source) as camera, contextlib.ExitStack() as stack:
        painter = LivePainter(network, styles or None, arguments.strength, arguments.color)
        if not arguments.no_window:
            print(KEYS)
        write = None
        if arguments.output:
            write = stack.enter_context(write_video(arguments.output, camera.rate, arguments.source_type))
        tell = stack.enter_context(progress_bar("painting", _total(camera, arguments.frames), heard))
        with contextlib.suppress(KeyboardInterrupt):  # how one leaves without a window, in which one would see all
            for frame in _frames(camera, arguments, heard):
                painted = painter.paint(frame)
                count += 1
                if write is not None:
                    write(painted)
                if arguments.no_window:
                    tell(count)
                elif not painter.press(_shown(painted, painter)):
                    break
    print(f"{count} frames, {count / (time.perf_counter() - begun):.1f} frames/s")
    return 0


def _check(arguments: argparse.Namespace) -> None:
    import sys

    from keras_stylegan.commands.outputs import check_output

    # Without a screen OpenCV's own windows end the program, without an exception.
    screens = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if not arguments.no_window and sys.platform == "linux" and not any(map(os.environ.get, screens)):
        raise ValueError(_NO_WINDOW)
    for name in ("width", "frames"):
        value = getattr(arguments, name)
        if value is not None and value < 1:
            raise ValueError(f"`--{name}` must be at least 1. Received: {value}")
    if arguments.output:
        check_output(arguments.output, {os.path.realpath(arguments.camera)}, is_video=True)


def _source(name: str) -> str | int:
    """The number of a camera, or the path of a file."""
    if name.isdecimal() and int(name) <= _LARGEST_CAMERA:
        return int(name)
    if not os.path.isfile(name):
        raise ValueError(f"`--camera` must be the number of a camera or a video file. Received: {name}")
    return name


def _frames(camera, arguments, heard):
    """Frames in the width asked for, and a note if that is less than theirs."""
    from keras_stylegan.inference.videos import import_opencv

    opencv, told = import_opencv(), False
    width = arguments.width or (None if camera.total and arguments.output else _WIDTH)
    for frame in camera.frames(arguments.frames):
        if width is not None and frame.shape[1] > width:
            size = width, max(1, round(frame.shape[0] * width / frame.shape[1]))
            if not told:
                change = f"from {frame.shape[1]}x{frame.shape[0]} to {size[0]}x{size[1]}"
                print(f"keras-stylegan: note: frames are reduced {change} (`--width`)", file=heard, flush=True)
                told = True
            frame = opencv.resize(frame, size, interpolation=opencv.INTER_AREA)
        yield frame


def _total(camera, limit):
    """How many frames there will be; None of a camera."""
    return min((count for count in (limit, camera.total) if count is not None), default=None)


def _shown(frame, painter) -> int:
    """Shows a frame; returns the key pressed meanwhile, -1 for none, q where the window was closed."""
    from keras_stylegan.inference.videos import import_opencv

    opencv = import_opencv()
    try:
        opencv.imshow(WINDOW, opencv.cvtColor(frame, opencv.COLOR_RGB2BGR))
        opencv.setWindowTitle(WINDOW, painter.title)
        key = opencv.waitKey(1)
        closed = opencv.getWindowProperty(WINDOW, opencv.WND_PROP_VISIBLE) == 0  # -1 where windows cannot tell
        return ord("q") if closed else key
    except opencv.error:
        raise ValueError(_NO_WINDOW) from None
