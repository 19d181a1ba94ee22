"""`keras-stylegan generate`: pictures of a trained GAN, by seeds."""

from keras_stylegan.commands.outputs import add_provenance
from keras_stylegan.commands.painting import add_bank_argument, parse_styles
from keras_stylegan.commands.seeds import check_count, parse_seeds
from keras_stylegan.provenance import GENERATED

_AT_ONCE = 64  # pictures in memory, where each is written to a file of its own


def add_arguments(parser):
    add_source(parser, without_class="that of each seed, all in turns")
    parser.add_argument(
        "-o",
        "--output",
        metavar="PATH",
        required=True,
        help="folder for single pictures, or a file for one grid, a row for each class",
    )
    parser.add_argument("--n", type=int, metavar="N", help="number of pictures (default 16)")
    parser.add_argument("--seed", type=int, metavar="S", help="first seed (default 0); the next pictures take the next")
    parser.add_argument("--seeds", metavar="S,A-B,...", help="seeds of the pictures, in place of --seed and --n")
    parser.add_argument(
        "--codes",
        metavar="A,B,...",
        help="codes of an InfoGAN: its category and its numbers from -1 to 1, `any` for what the seed says",
    )
    parser.add_argument("--styles", metavar="FILE", help="styles.npz of `project`: its pictures, instead of seeds")
    parser.add_argument(
        "--style", metavar="NAME[=W][,NAME[=W]...]", help="paint the pictures; `keras-stylegan styles` lists the names"
    )
    add_bank_argument(parser)
    parser.add_argument(
        "--upscale",
        nargs="?",
        const="",
        metavar="FILE|RUN",
        help="write everything a second time, four times as large (and then painted) and named NAME_x4: by the "
        "packaged network of `upscale`, or by the LiteRT file or run directory of another",
    )


def add_source(parser, without_class="the first", kinds="run directory, .keras or .tflite file, or packaged generator"):
    """The arguments that generating commands share.

    Args:
        parser: of the command.
        without_class: which pictures stand for no class.
        kinds: what generators may come from.
    """
    add_provenance(parser, GENERATED)
    parser.add_argument(
        "--from",
        "--model",
        dest="source",
        metavar="SOURCE",
        default="scenes",
        help=f"{kinds} (default %(default)s)",
    )
    parser.add_argument("--class", dest="label", metavar="NAME", help=f"class (default: {without_class})")
    parser.add_argument(
        "--truncation", type=float, default=1.0, metavar="PSI", help="0 (the mean picture) to 2 (default 1)"
    )


def check_of_seeds(arguments, **defaults):
    """ValueError for an option that chooses pictures by seeds, where `--styles` names them."""
    for name, default in defaults.items():
        if arguments.styles is not None and getattr(arguments, name) != default:
            option = "class" if name == "label" else name
            raise ValueError(f"`--{option}` is for pictures of seeds, not of `--styles`. "
                             f"Received: {getattr(arguments, name)}")  # fmt: skip


def parse_codes(text):
    """The entries of `--codes`; none of None."""
    try:
        return [None if entry.strip() == "any" else float(entry) for entry in text.split(",")] if text else []
    except ValueError:
        raise ValueError(f"`--codes` must be numbers or `any`, with commas between. Received: {text}") from None


def parse_layers(text):
    """`A-B`, both included, as a range (first, last) without its last."""
    first, _, last = text.partition("-")
    try:
        first, last = int(first), int(last)
        if first > last:
            raise ValueError
    except ValueError:
        raise ValueError(f"`--layers` must be A-B, two whole numbers with A at most B. Received: {text}") from None
    return first, last + 1


def run(arguments) -> int:
    import os
    import pathlib

    from keras_stylegan.commands.generated_files import write_each, write_grids
    from keras_stylegan.commands.outputs import check_folder, check_output
    from keras_stylegan.commands.progress import progress_bar
    from keras_stylegan.commands.silence import silence
    from keras_stylegan.inference.generator import open_generator
    from keras_stylegan.inference.upscaler import open_upscaler

    check_of_seeds(arguments, n=None, seed=None, seeds=None, truncation=1.0, label=None, codes=None)
    seeds, codes = _seeds(arguments), parse_codes(arguments.codes)
    # A folder may have a dot in its name, when it exists or ends with a slash.
    is_folder = os.path.isdir(arguments.output) or not os.path.basename(arguments.output)
    as_grid = bool(pathlib.Path(arguments.output).suffix) and not is_folder
    if as_grid:
        check_count("--n" if arguments.seeds is None else "--seeds", len(seeds))
        check_output(arguments.output, set())
    else:
        check_folder(arguments.output)
    paint = _painter(arguments)
    upscaler = None
    if arguments.upscale is not None:
        with silence():
            upscaler = open_upscaler(arguments.upscale or None)
    with silence() as heard, progress_bar("generating", len(seeds), heard) as tell:
        generator = open_generator(arguments.source, "litert" if arguments.styles is None else "keras")
        made = _of_styles(generator, arguments, tell)
        if arguments.styles is None:
            made = _of_seeds(generator, seeds, codes, arguments, tell)
        made = list(made) if as_grid else write_each(made, paint, upscaler, arguments)
    if as_grid:
        pictures = [picture for _, picture, _ in made]
        labels = generator.class_numbers(seeds, arguments.label) if arguments.styles is None else None
        made = write_grids(pictures, labels, len(generator.classes), paint, upscaler, arguments)
    for path in made:
        print(path)
    return 0


def _of_seeds(generator, seeds, codes, arguments, tell):
    """Yields the name, the uint8 array and the settings of each seed's picture; some are in memory at a time."""
    label, truncation = arguments.label, arguments.truncation
    also = ((name, getattr(arguments, name)) for name in ("codes", "style"))
    also = "".join(f", {name} {value}" for name, value in also if value)
    for start in range(0, len(seeds), _AT_ONCE):
        part = seeds[start : start + _AT_ONCE]
        pictures = generator.generate(part, label, truncation, lambda done, start=start: tell(start + done), codes)
        for seed, picture in zip(part, pictures, strict=True):
            yield f"seed{seed:04d}.png", picture, generator.settings(seed, label, truncation) + also


def _of_styles(generator, arguments, tell):
    """As `_of_seeds`, of the styles in a file."""
    from keras_stylegan.inference.generator import read_styles

    styles = read_styles(arguments.styles)
    pictures = generator.render_styles(styles, lambda done: tell(done, len(styles)))
    for index, picture in enumerate(pictures):
        yield f"styles{index:04d}.png", picture, None


def _seeds(arguments):
    if arguments.seeds is not None:
        for name in ("seed", "n"):
            if getattr(arguments, name) is not None:
                raise ValueError(f"`--seeds` takes the place of `--{name}`. Received: both")
        return parse_seeds("seeds", arguments.seeds)
    count, first = 16 if arguments.n is None else arguments.n, arguments.seed or 0
    if count < 1:
        raise ValueError(f"`--n` must be positive. Received: {count}")
    if first < 0:
        raise ValueError(f"`--seed` must not be negative. Received: {first}")
    return range(first, first + count)


def _painter(arguments):
    """Function that paints a PIL image as `--style` says; without a style, one that returns it as it is."""
    if arguments.style is None:
        if arguments.bank:
            raise ValueError("`--bank` needs `--style`, which names its styles. Received: none")
        return lambda image: image
    from keras_stylegan.commands.network import load_network

    styles, network = parse_styles(arguments.style), load_network(arguments.bank)
    network.check(styles)
    return lambda image: network.stylize(image, styles)
