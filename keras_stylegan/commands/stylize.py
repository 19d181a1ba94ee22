"""`keras-stylegan stylize`: paints photographs, one or many, or a video."""

from keras_stylegan.commands import each_picture
from keras_stylegan.commands.painting import add_painting_arguments, parse_painting
from keras_stylegan.provenance import STYLIZED


def add_arguments(parser):
    each_picture.add_arguments(parser, STYLIZED, "; or one video (.mp4, .mov, .mkv, .avi, .webm)")
    add_painting_arguments(parser)
    parser.add_argument("--stroke-size", type=float, metavar="X",
                        help="relative size of strokes (default 1, small pictures as they are)")  # fmt: skip
    parser.add_argument("--tile", action="store_true", help="paint every pixel of a large picture, in tiles")
    parser.add_argument("--steady", action="store_true", help="of a video: let still parts flicker less")


def run(arguments) -> int:
    from keras_stylegan.commands import batch, stylize_video
    from keras_stylegan.commands.network import load_network
    from keras_stylegan.commands.progress import progress_bar
    from keras_stylegan.commands.silence import silence
    from keras_stylegan.inference import MAX_PIXELS

    painting = parse_painting(arguments)
    each_picture.check_arguments(arguments)
    is_video = stylize_video.is_video_call(arguments)
    if arguments.steady and not is_video:
        raise ValueError(f"`--steady` is of videos alone. Received: {' '.join(arguments.inputs)}")
    plan = stylize_video.plan_video if is_video else batch.plan
    network = load_network(arguments.bank)
    look = _look(arguments, painting)
    _check_masks(painting.regions or [])
    files = arguments.inputs, arguments.output, [*painting.pictures(), *painting.masks()]
    if arguments.refine is not None:  # a long work, before which all else is checked that can be
        _check_but_pictures(network, painting, look)
        plan(*files)
        _refine(network, painting, arguments.refine)
    with silence():  # the predictor of style pictures is another LiteRT file, which says what it runs on
        network.check(painting.styles, **look)
    jobs, is_batch = plan(*files)
    if arguments.strength == 0:
        arguments.source_type = None  # the photograph's own pixels, in which no network had a part
    if is_video:
        return stylize_video.paint_video(network, *jobs[0], painting, look, arguments)

    def paint(picture):
        width, height = picture.photo.size
        reduction = min(1.0, (arguments.max_size or width + height) / max(width, height))
        size = None if reduction == 1 else tuple(max(1, round(side * reduction)) for side in (width, height))
        limits = {"size": size, "max_pixels": arguments.max_pixels or MAX_PIXELS}
        with progress_bar("painting", 100) as tell:
            result = network.stylize(picture, painting.styles, **limits, **look, report=lambda share: tell(100 * share))
        return result, {**painting.record(), "strength": arguments.strength}

    return each_picture.work_through(jobs, is_batch, paint, arguments)


def _check_masks(regions):
    """What is wrong with a mask's file is wrong for every picture of a batch."""
    from keras_stylegan.commands.silence import silence
    from keras_stylegan.inference.regions import ALPHA, check_mask

    for mask, _ in regions:
        if getattr(mask, "mask", mask) != ALPHA:
            with silence():
                check_mask(mask)


def _check_but_pictures(network, painting, look):
    """Checks a call but for what its style pictures are, which is not known yet."""
    for styles in painting.mixtures():
        network.palette.weights(styles)
    known = network.styles[0]
    regions = painting.regions and [(mask, known) for mask, _ in painting.regions]
    network.check(None if regions else known, **{**look, "regions": regions})


def _refine(network, painting, seconds):
    import math

    from keras_stylegan.commands.progress import progress_bar
    from keras_stylegan.commands.silence import silence, start_keras
    from keras_stylegan.inference.style_pictures import choose_backend, read_style_picture

    if not 0 < seconds < math.inf:
        raise ValueError(f"`--refine` must be a finite number of seconds above 0. Received: {seconds}")
    pictures = painting.pictures()
    if not pictures:
        raise ValueError("`--refine` needs a style picture (`--style-image`). Received: named styles only")
    for picture in pictures:  # what cannot be read is said before a backend is loaded
        with silence():
            read_style_picture(picture)
    choose_backend("--refine")
    start_keras()
    for picture in pictures:
        with progress_bar(f"refining {picture}", seconds) as report:
            network.refine(picture, seconds, _since_the_first_step(report, seconds))


def _since_the_first_step(report, seconds):
    """A callback that reports the time since it was first called: what is loaded before is not counted."""
    import time

    begun = None

    def note(step, logs):
        nonlocal begun
        begun = begun or time.monotonic()
        report(min(seconds, time.monotonic() - begun))

    return note


def _look(arguments, painting):
    """The arguments of `Stylizer.stylize` and `check` that are the same for every picture."""
    look = {"strength": arguments.strength, "color": arguments.color, "stroke_size": arguments.stroke_size}
    look["tile"] = arguments.tile
    if arguments.feather is not None:
        look["feather"] = arguments.feather
    return {**look, "regions": painting.regions}
