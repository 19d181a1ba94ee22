"""`keras-stylegan interpolate`: an animation from one seed's picture to the next."""

from keras_stylegan.commands.generate import add_source
from keras_stylegan.commands.seeds import check_count, parse_seeds


def add_arguments(parser):
    add_source(parser)
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help="GIF, WebP; MP4 with the extra `movies`")
    parser.add_argument("--seeds", default="0,1,2,3", metavar="S,A-B,...", help="stops on the way (default 0,1,2,3)")
    parser.add_argument("--frames", type=int, default=24, metavar="N", help="pictures between stops (default 24)")
    parser.add_argument("--no-loop", action="store_true", help="end at the last stop, without a way back to the first")
    parser.add_argument("--fps", type=float, default=24.0, metavar="N", help="pictures a second (default 24)")


def run(arguments) -> int:
    import pathlib

    from keras_stylegan.commands.progress import progress_bar
    from keras_stylegan.commands.silence import silence
    from keras_stylegan.data.pictures import as_rgb
    from keras_stylegan.inference.animations import check_animation, write_animation
    from keras_stylegan.inference.generator import open_generator

    check_animation(arguments.output, arguments.fps)
    if not pathlib.Path(arguments.output).absolute().parent.is_dir():
        raise ValueError(f"{arguments.output}: the output's folder does not exist")
    seeds = parse_seeds("seeds", arguments.seeds)
    if len(seeds) < 2 or arguments.frames < 1:
        raise ValueError(
            f"`--seeds` must be at least two and `--frames` positive. Received: {arguments.seeds}, {arguments.frames}"
        )
    loop = not arguments.no_loop
    total = len(seeds) * arguments.frames if loop else (len(seeds) - 1) * arguments.frames + 1
    check_count("--frames", total)
    with silence() as heard, progress_bar("generating", total, heard) as tell:
        generator = open_generator(arguments.source)
        frames = generator.interpolate(seeds, arguments.frames, arguments.label, arguments.truncation, loop, tell)
    write_animation(as_rgb(frames), arguments.output, arguments.fps, arguments.source_type)
    print(arguments.output)
    return 0
