"""`keras-stylegan generate`: pictures of a trained GAN, by seeds."""

# Pictures of one call, all of which are in memory at once.
MOST = 10_000


def add_arguments(parser):
    add_source(parser)
    parser.add_argument(
        "-o", "--output", metavar="PATH", required=True, help="folder for single pictures, or a file for one grid"
    )
    parser.add_argument("--n", type=int, default=16, metavar="N", help="number of pictures (default 16)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="first seed; the next pictures take the next")
    parser.add_argument("--styles", metavar="FILE", help="styles.npz of `project`: its pictures, instead of seeds")


def add_source(parser):
    """The arguments that generating commands share."""
    parser.add_argument(
        "--from",
        dest="source",
        metavar="SOURCE",
        default="scenes",
        help="run directory, .keras or .tflite file, or packaged generator (default %(default)s)",
    )
    parser.add_argument("--class", dest="label", metavar="NAME", help="class; without, all in turns")
    parser.add_argument(
        "--truncation", type=float, default=1.0, metavar="PSI", help="0 (the mean picture) to 2 (default 1)"
    )


def check_count(name, count):
    """ValueError, about the option of that name, for more pictures than fit into memory."""
    if count > MOST:
        raise ValueError(f"`{name}` must make at most {MOST} pictures at once. Received: {count}")


def whole_numbers(name, text):
    """The numbers of an option's text, with commas between."""
    try:
        return [int(number) for number in text.split(",")]
    except ValueError:
        raise ValueError(f"`--{name}` must be whole numbers with commas between. Received: {text}") from None


def run(arguments) -> int:
    import pathlib

    from PIL import Image

    from keras_stylegan.commands.outputs import check_output, make_folder
    from keras_stylegan.inference.generator import open_generator, read_styles

    if arguments.n < 1:
        raise ValueError(f"`--n` must be positive. Received: {arguments.n}")
    check_count("--n", arguments.n)
    as_grid = bool(pathlib.Path(arguments.output).suffix)
    if as_grid:
        check_output(arguments.output, set())
    seeds = range(arguments.seed, arguments.seed + arguments.n)
    if arguments.styles is None:
        pictures = open_generator(arguments.source).generate(seeds, arguments.label, arguments.truncation)
        names = [f"seed{seed:04d}.png" for seed in seeds]
    else:
        styles = read_styles(arguments.styles)
        pictures = open_generator(arguments.source, "keras").render_styles(styles)
        names = [f"styles{index:04d}.png" for index in range(len(styles))]
    if as_grid:
        from keras_stylegan.data.pictures import as_rgb
        from keras_stylegan.data.tiles import tile
        from keras_stylegan.inference import write_picture

        write_picture(Image.fromarray(tile(as_rgb(pictures))), arguments.output)
        print(arguments.output)
        return 0
    folder = make_folder(arguments.output)
    for name, picture in zip(names, pictures, strict=True):
        path = folder / name
        Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture).save(path)
        print(path)
    return 0
