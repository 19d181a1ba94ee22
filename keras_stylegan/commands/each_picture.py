"""The work of commands that turn pictures into pictures, one or many.

A call with one file either writes its result or fails with exit code 2. In a batch (several inputs, or a folder) the
good files are written, the bad ones listed at the end, and the exit code is 1 if there were any.
"""

import pathlib
import sys

from keras_stylegan.commands.outputs import add_provenance

_STANDARD_STREAM = "-"


def add_arguments(parser, source_type, others=""):
    """The arguments that these commands share.

    Args:
        parser: of the command.
        source_type: what their pictures say of their making.
        others: what the help says of further inputs.
    """
    parser.add_argument("inputs", nargs="+", metavar="IN",
                        help=f"photographs, folders of photographs, or - for stdin{others}")  # fmt: skip
    parser.add_argument("-o", "--output", required=True, metavar="OUT",
                        help="file; folder (for several inputs, made where missing); or - for stdout")  # fmt: skip
    parser.add_argument("--max-size", type=int, metavar="N", help="make results small enough that no side exceeds N")
    parser.add_argument("--max-pixels", type=int, metavar="N", help="refuse larger pictures (default 178956970)")
    parser.add_argument("--json", action="store_true", help="print a JSON object for each file")
    add_provenance(parser, source_type)


def check_arguments(arguments) -> None:
    """ValueError unless the shared arguments are in range and agree."""
    for name in ("max_size", "max_pixels"):
        value = getattr(arguments, name)
        if value is not None and value < 1:
            raise ValueError(f"`--{name.replace('_', '-')}` must be at least 1. Received: {value}")
    if arguments.json and arguments.output == _STANDARD_STREAM:
        raise ValueError("`--json` cannot be used with `--output -`: both write to standard output")


def within(result, max_size):
    """A PIL image, made so small that no side exceeds `max_size`; as it is where that is None."""
    from keras_stylegan.inference.resolution import resize

    if not max_size or max_size >= max(result.size):
        return result
    return resize(result, tuple(max(1, round(side * max_size / max(result.size))) for side in result.size))


def work_through(jobs, is_batch, paint, arguments) -> int:
    """Paints and writes every picture; returns the exit code.

    Args:
        jobs: list of (input, output), as `batch.plan` returns it.
        is_batch: whether a bad picture stops the others.
        paint: function from an `inference.Picture` to `(result, record)`: a PIL image, and what `--json` tells of it
            beside names, size and seconds.
        arguments: parsed arguments of the command.
    """
    from keras_stylegan.commands.mistakes import describe, printable, standard_output

    failures = []
    for source, target in jobs:
        try:
            record = _paint_file(source, target, paint, arguments)
        except (ValueError, OSError, RuntimeError) as error:  # the last from a runtime: no reason to lose the others
            if not is_batch or isinstance(error, BrokenPipeError):
                raise
            said = describe(error)
            name = f"{printable(source)}:"
            failures.append(said if said.startswith(name) else f"{name} {said}")
            record = {"input": source, "error": said}
        with standard_output():
            _report(record, target, arguments.json)
    if failures:
        print(f"keras-stylegan: {len(failures)} of {len(jobs)} pictures failed:", file=sys.stderr)
        for failure in failures:
            print(f"  {failure}", file=sys.stderr)
    return 1 if failures else 0


def _paint_file(source, target, paint, arguments):
    """Paints one picture; returns its record."""
    import time

    from keras_stylegan.commands.mistakes import notes, standard_output
    from keras_stylegan.commands.silence import silence
    from keras_stylegan.inference import MAX_PIXELS, encode_picture, read_picture, write_picture
    from keras_stylegan.inference.saving import FORMATS

    start = time.perf_counter()
    content = sys.stdin.buffer.read() if source == _STANDARD_STREAM else source
    with silence():
        picture = read_picture(content, arguments.max_pixels or MAX_PIXELS, "standard input")
    with notes(source):
        result, record = paint(picture)
    file_format = picture.format if picture.format in FORMATS.values() else "PNG"
    del picture  # a large one is not to stand in memory beside the file that is made of the result
    if target == _STANDARD_STREAM:
        content = encode_picture(result, file_format, arguments.source_type)
        with standard_output():
            sys.stdout.buffer.write(content)
    else:
        pathlib.Path(target).parent.mkdir(parents=True, exist_ok=True)
        write_picture(result, target, arguments.source_type)
    seconds = round(time.perf_counter() - start, 3)
    size = {"width": result.width, "height": result.height}
    return {"input": source, "output": target, **size, **record, "seconds": seconds}


def _report(record, target, as_json):
    if as_json:
        import json

        print(json.dumps(record, ensure_ascii=False), flush=True)
    elif "error" not in record and target != _STANDARD_STREAM:
        print(f"{record['output']}  {record['width']}x{record['height']}  {record['seconds']:.2f} s", flush=True)
