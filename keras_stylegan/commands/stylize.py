"""`keras-stylegan stylize`: paints photographs, one or many."""

from keras_stylegan.commands import each_picture
from keras_stylegan.provenance import STYLIZED


def add_arguments(parser):
    each_picture.add_arguments(parser, STYLIZED)
    parser.add_argument("--style", required=True, metavar="NAME[=W][,NAME[=W]...]",
                        help="style or mixture; `keras-stylegan styles` lists the names")  # fmt: skip
    parser.add_argument("--strength", type=float, default=1.0, metavar="S", help="0 (photograph) to 1 (default)")
    parser.add_argument("--color", default="style", metavar="MODE",
                        help="whose colours: style (default), luma or match (the photograph's)")  # fmt: skip
    parser.add_argument("--stroke-size", type=float, metavar="X",
                        help="relative size of strokes (default 1, small pictures as they are)")  # fmt: skip


def run(arguments) -> int:
    from keras_stylegan.commands.batch import plan
    from keras_stylegan.commands.network import load_network
    from keras_stylegan.inference import MAX_PIXELS

    styles = parse_styles(arguments.style)
    each_picture.check_arguments(arguments)
    network = load_network()
    network.check(styles, arguments.strength, arguments.color, arguments.stroke_size)
    jobs, is_batch = plan(arguments.inputs, arguments.output)

    def paint(picture):
        width, height = picture.photo.size
        reduction = min(1.0, (arguments.max_size or width + height) / max(width, height))
        size = None if reduction == 1 else tuple(max(1, round(side * reduction)) for side in (width, height))
        options = arguments.strength, arguments.color, arguments.stroke_size, size, arguments.max_pixels or MAX_PIXELS
        return network.stylize(picture, styles, *options), {"styles": styles, "strength": arguments.strength}

    return each_picture.work_through(jobs, is_batch, paint, arguments)


def parse_styles(text: str) -> dict[str, float]:
    """Parses `NAME[=W][,NAME[=W]...]` to a dict from name to weight; a name alone has weight 1.

    Raises:
        ValueError: if a name is missing or named twice, or a weight is no number.
    """
    styles = {}
    for part in text.split(","):
        name, equals, weight = (piece.strip() for piece in part.partition("="))
        if not name or name in styles:
            raise ValueError(f"`--style` must name every style once, as NAME or NAME=WEIGHT. Received: {text}")
        try:
            styles[name] = float(weight) if equals else 1.0
        except ValueError:
            raise ValueError(f"`--style` must have numbers as weights. Received: {part}") from None
    return styles
