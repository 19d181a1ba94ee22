"""`keras-stylegan scene`: photographs painted in a style, as a generator of natural scenes makes them."""

from keras_stylegan.commands import each_picture
from keras_stylegan.commands.painting import add_bank_argument, parse_styles
from keras_stylegan.provenance import STYLIZED


def add_arguments(parser):
    each_picture.add_arguments(parser, STYLIZED)
    parser.add_argument("--style", required=True, metavar="NAME[=W][,NAME[=W]...]",
                        help="style or mixture; `keras-stylegan styles` lists the names")  # fmt: skip
    add_bank_argument(parser)
    parser.add_argument("--strength", type=float, default=1.0, metavar="S", help="0 (photograph) to 1 (default)")
    parser.add_argument("--detail", type=float, default=1.0, metavar="S",
                        help="0 (the generator alone, by styles) to 1 (default: the painting's detail)")  # fmt: skip
    parser.add_argument("--model", default="scene_pipeline", metavar="RUN|NAME",
                        help="run, .keras or .tflite file, or packaged pipeline (default %(default)s)")  # fmt: skip
    parser.add_argument("--upscale", nargs="?", const="", metavar="FILE",
                        help="enlarge scenes four times: by the packaged network of `upscale`, or by the LiteRT file "
                        "of another")  # fmt: skip


def run(arguments) -> int:
    from keras_stylegan.commands.batch import plan
    from keras_stylegan.commands.network import load_network
    from keras_stylegan.commands.silence import silence
    from keras_stylegan.inference import MAX_PIXELS
    from keras_stylegan.inference.scenes import SceneMaker, check_detail, open_scenes
    from keras_stylegan.inference.upscaler import open_upscaler

    styles = parse_styles(arguments.style)
    each_picture.check_arguments(arguments)
    painter = load_network(arguments.bank)
    painter.check(styles, arguments.strength)
    check_detail(arguments.detail)
    _, pictures = painter.palette.weights(styles)
    jobs, is_batch = plan(arguments.inputs, arguments.output, pictures)
    with silence():
        maker = SceneMaker(open_scenes(arguments.model), painter)
        upscaler = None if arguments.upscale is None else open_upscaler(arguments.upscale or None)

    def paint(picture):
        result = maker.make(picture, styles, arguments.strength, arguments.detail, arguments.max_pixels or MAX_PIXELS)
        if upscaler is not None:
            result = upscaler.upscale(result)
        used = {"model": arguments.model, "styles": styles, "strength": arguments.strength, "detail": arguments.detail}
        if upscaler is not None:
            used["upscale"] = arguments.upscale or "packaged"
        return each_picture.within(result, arguments.max_size), used

    return each_picture.work_through(jobs, is_batch, paint, arguments)
