"""`keras-stylegan fuse`: puts a picture, or a part of it, into another."""

from keras_stylegan.commands.outputs import add_provenance
from keras_stylegan.provenance import STYLIZED

HELP_BLEND = (
    "gan: the fusion network, which takes on the target's light and colours; feather, laplacian, poisson: classical, "
    "without weights; copy: as it is (default: poisson)"
)


def add_arguments(parser):
    add = parser.add_argument
    add(
        "source",
        metavar="SOURCE",
        help="picture to put in; its transparency is the mask, unless one is given; with "
        "neither, `--blend gan` gives TARGET the light and colours of SOURCE",
    )
    add("target", metavar="TARGET", help="picture that it is put into")
    add("-o", "--output", metavar="OUT", required=True, help="picture to write")
    add("--mask", metavar="M", help="white where the source counts; of the source's size")
    add("--at", metavar="X,Y", help="the source's upper left corner in the target, in pixels (default: in the middle)")
    add("--scale", type=float, default=1.0, metavar="S", help="size of the source relative to its own (default: 1)")
    add("--style", metavar="NAME[=W][,NAME[=W]...]", help="paint the result in a packaged style or mixture")
    add("--blend", default="poisson", metavar="HOW", help=HELP_BLEND)
    add(
        "--finish",
        metavar="HOW",
        help="for gan: poisson or laplacian, which mend what is left of a seam, or none (default: poisson)",
    )
    add(
        "--from", dest="run", metavar="RUN", help="the fusion network of this run, instead of the packaged one, for gan"
    )
    add_provenance(parser, STYLIZED)


def run(arguments) -> int:
    import os
    import time

    from keras_stylegan.commands.mistakes import standard_output
    from keras_stylegan.commands.outputs import check_output
    from keras_stylegan.commands.painting import parse_styles
    from keras_stylegan.commands.silence import silence
    from keras_stylegan.inference import write_picture
    from keras_stylegan.inference.fusion import GAN, fuse
    from keras_stylegan.inference.fusion_runtimes import open_fusion
    from keras_stylegan.inference.placement import Piece

    start = time.perf_counter()
    inputs = [arguments.source, arguments.target, *([arguments.mask] if arguments.mask else [])]
    check_output(arguments.output, {os.path.realpath(path) for path in inputs})
    if arguments.run is not None and arguments.blend != GAN:
        raise ValueError(f"`--from` must be given with `--blend gan` alone. Received: --blend {arguments.blend}")
    if arguments.finish is not None and arguments.blend != GAN:
        raise ValueError(f"`--finish` must be given with `--blend gan` alone. Received: --blend {arguments.blend}")
    finish = None if arguments.finish == "none" else arguments.finish or "poisson"
    piece = Piece(arguments.source, arguments.mask, _corner(arguments.at), arguments.scale)
    stylizer = None
    if arguments.style is not None:
        from keras_stylegan.commands.network import load_network

        styles, stylizer = parse_styles(arguments.style), load_network()
        stylizer.check(styles)
    with silence():
        network = open_fusion(arguments.run) if arguments.blend == GAN else None
        result = fuse(piece, arguments.target, arguments.blend, network, finish)
        if stylizer is not None:
            result = stylizer.stylize(result, styles)
    write_picture(result, arguments.output, arguments.source_type)
    with standard_output():
        seconds = time.perf_counter() - start
        print(f"{arguments.output}  {result.width}x{result.height}  {arguments.blend}  {seconds:.2f} s", flush=True)
    return 0


def _corner(text):
    if text is None:
        return None
    try:
        x, y = (float(number) for number in text.split(","))
    except ValueError:
        raise ValueError(f"`--at` must be two numbers, X,Y. Received: {text}") from None
    return x, y
