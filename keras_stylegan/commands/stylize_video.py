"""`keras-stylegan stylize` of a video: one file, from the first frame to the last."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterable


def is_video_call(arguments) -> bool:
    """Whether a call reads or writes a video, as the names of its files say."""
    from keras_stylegan.inference.videos import VIDEO_SUFFIXES

    names = (*arguments.inputs, arguments.output)
    return any(pathlib.PurePath(name).suffix.lower() in VIDEO_SUFFIXES and not os.path.isdir(name) for name in names)


def plan_video(inputs: list[str], output: str, others: Iterable[str] = ()) -> tuple[list[tuple[str, str]], bool]:
    """What `batch.plan` is for pictures: the files, checked before any work, and that this is no batch.

    Raises:
        ValueError: if there is more than one input, or one that is a picture or cannot be opened; or as `check_output`.
        FileNotFoundError: if the input is missing.
    """
    from keras_stylegan.commands.outputs import check_output
    from keras_stylegan.commands.silence import silence
    from keras_stylegan.formats import READABLE_SUFFIXES
    from keras_stylegan.inference.videos import Video

    if len(inputs) > 1 or os.path.isdir(inputs[0]):
        given = f"{len(inputs)} inputs" if len(inputs) > 1 else f"the folder {inputs[0]}"
        raise ValueError(f"a call paints one video, and nothing else. Received: {given}")
    video = inputs[0]
    if pathlib.PurePath(video).suffix.lower() in READABLE_SUFFIXES - {".gif"}:
        raise ValueError(f"{output}: a video is made of a video. Received: {video}")
    check_output(output, {os.path.realpath(file) for file in (video, *others)}, is_video=True)
    with silence(), Video(video):
        return [(video, output)], False


def paint_video(network, video: str, output: str, painting, look: dict, arguments) -> int:
    """Paints a video and says what was written; returns the exit code.

    Args:
        network: `Stylizer`.
        video, output: paths.
        painting: `Painting`.
        look: further arguments of `Stylizer.stylize_video`.
        arguments: parsed arguments of `stylize`.
    """
    import time

    from keras_stylegan.commands.mistakes import notes, standard_output
    from keras_stylegan.commands.progress import progress_bar
    from keras_stylegan.commands.silence import silence
    from keras_stylegan.inference import MAX_PIXELS

    begun = time.perf_counter()
    limits = {"max_size": arguments.max_size, "max_pixels": arguments.max_pixels or MAX_PIXELS}
    options = {**look, **limits, "steady": arguments.steady, "source_type": arguments.source_type}
    with notes(video), silence() as heard, progress_bar("painting", file=heard) as tell:
        written = network.stylize_video(video, output, painting.styles, **options, report=tell)
    record = {"input": video, "output": output, **written._asdict()}
    record |= {**painting.record(), "strength": arguments.strength, "seconds": round(time.perf_counter() - begun, 3)}
    with standard_output():
        _report(record, arguments.json)
    return 0


def _report(record, as_json):
    if as_json:
        import json

        print(json.dumps(record, ensure_ascii=False))
    else:
        size, seconds = f"{record['width']}x{record['height']}", f"{record['seconds']:.2f} s"
        print(f"{record['output']}  {size}  {record['frames']} frames  {seconds}  (without sound)")
