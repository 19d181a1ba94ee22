"""`keras-stylegan stylize`: paints photographs, one or many.

A call with one file either writes its result or fails with exit code 2. In a batch (several inputs, or a folder) the
good files are written, the bad ones listed at the end, and the exit code is 1 if there were any.
"""

import sys

from keras_stylegan.commands.painting import add_painting_arguments, parse_painting

_STANDARD_STREAM = "-"


def add_arguments(parser):
    parser.add_argument("inputs", nargs="+", metavar="IN", help="photographs, folders of photographs, or - for stdin")
    parser.add_argument("-o", "--output", required=True, metavar="OUT",
                        help="file; folder (for several inputs, made where missing); or - for stdout")  # fmt: skip
    add_painting_arguments(parser)
    parser.add_argument("--strength", type=float, default=1.0, metavar="S", help="0 (photograph) to 1 (default)")
    parser.add_argument("--color", default="style", metavar="MODE",
                        help="whose colours: style (default), luma or match (the photograph's)")  # fmt: skip
    parser.add_argument("--stroke-size", type=float, metavar="X",
                        help="relative size of strokes (default 1, small pictures as they are)")  # fmt: skip
    parser.add_argument("--tile", action="store_true", help="paint every pixel of a large picture, in tiles")
    parser.add_argument("--max-size", type=int, metavar="N", help="make results small enough that no side exceeds N")
    parser.add_argument("--max-pixels", type=int, metavar="N", help="refuse larger pictures (default 178956970)")
    parser.add_argument("--json", action="store_true", help="print a JSON object for each file")


def run(arguments) -> int:
    from keras_stylegan.commands.batch import plan
    from keras_stylegan.commands.mistakes import describe, standard_output
    from keras_stylegan.commands.network import load_network
    from keras_stylegan.commands.silence import silence

    painting = parse_painting(arguments)
    _check(arguments)
    network = load_network(arguments.bank)
    look = _look(arguments, painting)
    if arguments.refine is not None:
        _refine(network, painting, arguments.refine)
    with silence():  # the predictor of style pictures is another LiteRT file, which says what it runs on
        network.check(painting.styles, **look)
    jobs, is_batch = plan(arguments.inputs, arguments.output)
    failures = []
    for source, target in jobs:
        try:
            record = _stylize(network, painting, look, source, target, arguments)
        except (ValueError, OSError) as error:
            if not is_batch or isinstance(error, BrokenPipeError):
                raise
            failures.append(describe(error))
            record = {"input": source, "error": failures[-1]}
        with standard_output():
            _report(record, target, arguments.json)
    if failures:
        print(f"keras-stylegan: {len(failures)} of {len(jobs)} pictures failed:", file=sys.stderr)
        for failure in failures:
            print(f"  {failure}", file=sys.stderr)
    return 1 if failures else 0


def _refine(network, painting, seconds):
    import time

    from keras_stylegan.commands.progress import progress_bar

    pictures = painting.pictures()
    if not pictures:
        raise ValueError("`--refine` needs a style picture (`--style-image`). Received: named styles only")
    for picture in pictures:
        with progress_bar(f"refining {picture}", round(seconds)) as report:
            begun = time.monotonic()
            network.refine(picture, seconds, lambda *_, tell=report, start=begun: tell(time.monotonic() - start))


def _look(arguments, painting):
    """The arguments of `Stylizer.stylize` and `check` that are the same for every picture."""
    look = {"strength": arguments.strength, "color": arguments.color, "stroke_size": arguments.stroke_size}
    if arguments.feather is not None:
        look["feather"] = arguments.feather
    return {**look, "regions": painting.regions}


def _check(arguments):
    for name in ("max_size", "max_pixels"):
        value = getattr(arguments, name)
        if value is not None and value < 1:
            raise ValueError(f"`--{name.replace('_', '-')}` must be at least 1. Received: {value}")
    if arguments.json and arguments.output == _STANDARD_STREAM:
        raise ValueError("`--json` cannot be used with `--output -`: both write to standard output")


def _stylize(network, painting, look, source, target, arguments):
    """Paints one picture; returns its record."""
    import time

    from keras_stylegan.commands.mistakes import notes, standard_output
    from keras_stylegan.commands.silence import silence
    from keras_stylegan.inference import MAX_PIXELS, encode_picture, read_picture, write_picture
    from keras_stylegan.inference.saving import FORMATS

    start = time.perf_counter()
    content = sys.stdin.buffer.read() if source == _STANDARD_STREAM else source
    max_pixels = arguments.max_pixels or MAX_PIXELS
    with silence():
        picture = read_picture(content, max_pixels)
    width, height = picture.photo.size
    reduction = min(1.0, (arguments.max_size or width + height) / max(width, height))
    size = None if reduction == 1 else tuple(max(1, round(side * reduction)) for side in (width, height))
    with notes(source):
        result = network.stylize(
            picture, painting.styles, size=size, max_pixels=max_pixels, tile=arguments.tile, **look
        )
    if target == _STANDARD_STREAM:
        known = picture.format in FORMATS.values()
        content = encode_picture(result, picture.format if known else "PNG")
        with standard_output():
            sys.stdout.buffer.write(content)
    else:
        write_picture(result, target)
    return {
        "input": source,
        "output": target,
        "width": result.width,
        "height": result.height,
        **painting.record(),
        "strength": arguments.strength,
        "seconds": round(time.perf_counter() - start, 3),
    }


def _report(record, target, as_json):
    if as_json:
        import json

        print(json.dumps(record, ensure_ascii=False), flush=True)
    elif "error" not in record and target != _STANDARD_STREAM:
        print(f"{record['output']}  {record['width']}x{record['height']}  {record['seconds']:.2f} s", flush=True)
