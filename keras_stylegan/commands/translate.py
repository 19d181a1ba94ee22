"""`keras-stylegan translate`: pictures through a trained translator, one or many, of any size."""

from keras_stylegan.commands import each_picture
from keras_stylegan.provenance import STYLIZED


def add_arguments(parser):
    each_picture.add_arguments(parser, STYLIZED)
    parser.add_argument("--model", required=True, metavar="NAME|RUN",
                        help="packaged translator, run directory, or .keras or .tflite file")  # fmt: skip
    parser.add_argument("--direction", metavar="WAY",
                        help="of a run that learnt both ways: a_to_b (default) or b_to_a")  # fmt: skip
    parser.add_argument("--domain", metavar="NAME", help="of a translator for several domains: where to")
    parser.add_argument("--seed", type=int, metavar="S", help="chooses the style in the domain (default 0)")
    parser.add_argument("--reference", metavar="PICTURE", help="instead: a picture of the domain whose style to take")


def run(arguments) -> int:
    from keras_stylegan.commands.batch import plan
    from keras_stylegan.inference import MAX_PIXELS
    from keras_stylegan.inference.translator import open_domain_translator, open_translator

    each_picture.check_arguments(arguments)
    jobs, is_batch = plan(arguments.inputs, arguments.output)
    if arguments.domain is None:
        for option, what in (("reference", "of its style"), ("seed", "of the style that it chooses")):
            if getattr(arguments, option) is not None:
                raise ValueError(f"`--{option}` needs `--domain`, the domain {what}")
        translator = open_translator(arguments.model, arguments.direction)
    else:
        if arguments.direction is not None:
            raise ValueError("`--direction` and `--domain` are for different runs: give one")
        if arguments.seed is not None and arguments.reference is not None:
            raise ValueError("`--seed` and `--reference` each choose a style: give one")
        seed = arguments.seed or 0
        translator = open_domain_translator(arguments.model, arguments.domain, seed, arguments.reference)

    def paint(picture):
        result = translator.translate(picture, arguments.max_size, arguments.max_pixels or MAX_PIXELS)
        return result, {"model": arguments.model}

    return each_picture.work_through(jobs, is_batch, paint, arguments)
