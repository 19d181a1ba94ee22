"""`keras-stylegan generate`: pictures of a trained GAN, by seeds."""

from keras_stylegan.commands.outputs import add_provenance
from keras_stylegan.commands.painting import add_bank_argument, parse_styles
from keras_stylegan.commands.seeds import check_count, parse_seeds
from keras_stylegan.provenance import GENERATED


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

    import numpy as np
    from PIL import Image

    from keras_stylegan.commands.outputs import check_folder, check_output, make_folder
    from keras_stylegan.commands.progress import counted, progress_bar
    from keras_stylegan.commands.silence import silence
    from keras_stylegan.inference import write_picture
    from keras_stylegan.inference.generator import open_generator, read_styles
    from keras_stylegan.inference.upscaler import open_upscaler

    check_of_seeds(arguments, n=None, seed=None, seeds=None, truncation=1.0, label=None, codes=None)
    seeds = _seeds(arguments)
    check_count("--n" if arguments.seeds is None else "--seeds", len(seeds))
    codes = parse_codes(arguments.codes)
    # A folder may have a dot in its name, when it exists or ends with a slash.
    is_folder = os.path.isdir(arguments.output) or not os.path.basename(arguments.output)
    as_grid = bool(pathlib.Path(arguments.output).suffix) and not is_folder
    if as_grid:
        check_output(arguments.output, set())
    else:
        check_folder(arguments.output)
    paint = _painter(arguments)
    upscaler = None
    if arguments.upscale is not None:
        with silence():
            upscaler = open_upscaler(arguments.upscale or None)
    with silence() as heard, progress_bar("generating", len(seeds), heard) as tell:
        if arguments.styles is None:
            generator = open_generator(arguments.source)
            pictures = generator.generate(seeds, arguments.label, arguments.truncation, tell, codes)
            labels = generator.class_numbers(seeds, arguments.label)
            names = [f"seed{seed:04d}.png" for seed in seeds]
            also = ((name, getattr(arguments, name)) for name in ("codes", "style"))
            also = "".join(f", {name} {value}" for name, value in also if value)
            settings = [generator.settings(seed, arguments.label, arguments.truncation) + also for seed in seeds]
        else:
            styles = read_styles(arguments.styles)
            generator, labels = open_generator(arguments.source, "keras"), None
            pictures = generator.render_styles(styles, lambda done: tell(done, len(styles)))
            names = [f"styles{index:04d}.png" for index in range(len(styles))]
            settings = [None] * len(styles)
    if as_grid:
        from keras_stylegan.data.pictures import as_rgb
        from keras_stylegan.data.tiles import tile

        grids = [(pathlib.Path(arguments.output), as_rgb(pictures))]
        if upscaler is not None:
            with progress_bar("enlarging", len(pictures)) as tell:
                large = np.stack(list(counted(map(upscaler.run, grids[0][1]), tell)))
            grids.append((enlarged_name(grids[0][0], upscaler.factor), large))
        for path, shown in grids:
            painted = (np.asarray(paint(Image.fromarray(picture))) for picture in shown)
            with progress_bar("painting", len(shown)) as tell:
                shown = np.stack(list(counted(painted, tell)))
            shown = _by_class(shown, labels, len(generator.classes))
            write_picture(Image.fromarray(tile(shown)), path, arguments.source_type)
            print(path)
        return 0
    folder = make_folder(arguments.output)
    for name, picture, made_with in zip(names, pictures, settings, strict=True):
        path = folder / name
        image = Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture)
        write_picture(paint(image), path, arguments.source_type, made_with)
        print(path)
        if upscaler is not None:
            path = enlarged_name(path, upscaler.factor)
            write_picture(paint(upscaler.upscale(image)), path, arguments.source_type, made_with)
            print(path)
    return 0


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


def _by_class(pictures, labels, classes):
    """Pictures as many of each class as an array with a row for each; others as they are."""
    import numpy as np

    if labels is None or len(set(np.bincount(labels, minlength=classes))) > 1:
        return pictures
    return pictures[np.argsort(labels, kind="stable")].reshape(classes, -1, *pictures.shape[1:])


def enlarged_name(path, factor):
    """The name of a picture's larger version, beside the picture."""
    return path.with_name(f"{path.stem}_x{factor}{path.suffix}")
