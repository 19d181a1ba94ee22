"""`keras-stylegan directions`: a strip of pictures along each direction of style that changes pictures most."""

from keras_stylegan.commands.generate import add_source, check_of_seeds, parse_layers
from keras_stylegan.commands.seeds import check_count


def add_arguments(parser):
    add_source(parser, kinds="run directory, .keras file, or packaged generator; needs Keras")
    add = parser.add_argument
    add("-o", "--output", metavar="FILE", required=True, help="picture to write: a strip a row, the strongest first")
    add("--n", type=int, default=8, metavar="N", help="number of directions (default 8)")
    add("--layers", metavar="A-B", help="layers from A to B choose the directions and are moved (default all)")
    add("--strength", type=float, default=0.5, metavar="S", help="how far to the ends of a strip (default 0.5)")
    add("--steps", type=int, default=7, metavar="N", help="pictures of a strip, odd (default 7)")
    add("--seed", type=int, default=0, metavar="S", help="seed of the picture in the middle (default 0)")
    add("--styles", metavar="FILE", help="styles.npz of `project`: its picture, instead of a seed's")


def run(arguments) -> int:
    from PIL import Image

    from keras_stylegan.commands.outputs import check_output
    from keras_stylegan.commands.silence import silence
    from keras_stylegan.inference import write_picture
    from keras_stylegan.inference.generator import open_generator, read_styles

    check_output(arguments.output, set())
    check_count("--steps", arguments.n * arguments.steps)
    check_of_seeds(arguments, seed=0, truncation=1.0)
    layers = None if arguments.layers is None else parse_layers(arguments.layers)
    styles = None if arguments.styles is None else read_styles(arguments.styles)[0]
    from keras_stylegan.data.pictures import as_rgb
    from keras_stylegan.data.tiles import tile

    with silence():
        pictures = open_generator(arguments.source, "keras").directions(
            arguments.n,
            arguments.steps,
            arguments.strength,
            layers,
            arguments.seed,
            arguments.label,
            arguments.truncation,
            styles,
        )
    write_picture(Image.fromarray(tile(as_rgb(pictures))), arguments.output, arguments.source_type)
    print(arguments.output)
    return 0
