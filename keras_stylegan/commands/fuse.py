"""`keras-stylegan fuse`: puts pictures, or parts of them, into another."""

from keras_stylegan.commands.outputs import add_provenance
from keras_stylegan.commands.painting import add_bank_argument
from keras_stylegan.provenance import COMPOSITE, STYLIZED

MIDDLE = "middle"
HELP_BLEND = (
    "gan: the fusion network, which takes on the target's light and colours; feather, laplacian, poisson: classical, "
    "without weights; copy: as it is (default: poisson)"
)


def add_arguments(parser):
    add = parser.add_argument
    add(
        "sources",
        nargs="+",
        metavar="SOURCE",
        help="picture to put in, or several, of which a later one covers an earlier; its transparency is the mask, "
        "unless one is given; with neither, `--blend gan` gives TARGET the light and colours of a single SOURCE",
    )
    add("target", metavar="TARGET", help="picture that they are put into")
    add("-o", "--output", metavar="OUT", required=True, help="picture to write")
    each = "; given once it is for all sources, or else once for each, in their order"
    add(
        "--mask",
        action="append",
        default=[],
        metavar="M",
        help=f"white where the source counts, of the source's size; or `alpha` for its transparency{each}",
    )
    add(
        "--at",
        action="append",
        default=[],
        metavar="X,Y",
        help=f"the source's upper left corner in the target, in pixels, or `middle` (default){each}",
    )
    add(
        "--scale",
        action="append",
        type=float,
        default=[],
        metavar="S",
        help=f"size of the source relative to its own (default: 1){each}",
    )
    add("--style", metavar="NAME[=W][,NAME[=W]...]", help="paint the result in a packaged style or mixture")
    add_bank_argument(parser)
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

    start = time.perf_counter()
    inputs = [*arguments.sources, arguments.target, *arguments.mask]
    check_output(arguments.output, {os.path.realpath(path) for path in inputs})
    if arguments.run is not None and arguments.blend != GAN:
        raise ValueError(f"`--from` must be given with `--blend gan` alone. Received: --blend {arguments.blend}")
    if arguments.finish is not None and arguments.blend != GAN:
        raise ValueError(f"`--finish` must be given with `--blend gan` alone. Received: --blend {arguments.blend}")
    finish = None if arguments.finish == "none" else arguments.finish or "poisson"
    if arguments.bank and arguments.style is None:
        raise ValueError(f"`--bank` must be given with `--style` alone. Received: --bank {arguments.bank[0]}")
    pieces = _pieces(arguments)
    stylizer = None
    if arguments.style is not None:
        from keras_stylegan.commands.network import load_network

        styles, stylizer = parse_styles(arguments.style), load_network(arguments.bank)
        stylizer.check(styles)
    with silence():
        network = open_fusion(arguments.run) if arguments.blend == GAN else None
        result = fuse(pieces, arguments.target, arguments.blend, network, finish)
        if stylizer is not None:
            result = stylizer.stylize(result, styles)
    by_network = arguments.blend == GAN or stylizer is not None
    write_picture(result, arguments.output, arguments.source_type and (STYLIZED if by_network else COMPOSITE))
    with standard_output():
        seconds = time.perf_counter() - start
        print(f"{arguments.output}  {result.width}x{result.height}  {arguments.blend}  {seconds:.2f} s", flush=True)
    return 0


def _pieces(arguments):
    from keras_stylegan.inference.placement import Piece

    masks, corners, scales = (_of_each(name, arguments) for name in ("mask", "at", "scale"))
    return [
        Piece(source, mask, _corner(corner), 1.0 if scale is None else scale)
        for source, mask, corner, scale in zip(arguments.sources, masks, corners, scales, strict=True)
    ]


def _of_each(name, arguments):
    """What an option says of each source; None where it is not given."""
    values, count = getattr(arguments, name), len(arguments.sources)
    if len(values) not in (0, 1, count):
        raise ValueError(
            f"`--{name}` must be given once for all sources, or once for each. Received: {len(values)} times, "
            f"and {count} SOURCE"
        )
    return values if len(values) == count else (values or [None]) * count


def _corner(text):
    if text in (None, MIDDLE):
        return None
    try:
        x, y = (float(number) for number in text.split(","))
    except ValueError:
        raise ValueError(f"`--at` must be two numbers, X,Y, or {MIDDLE}. Received: {text}") from None
    return x, y
