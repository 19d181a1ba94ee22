"""`keras-stylegan mix`: a grid of pictures with the styles of two sets of seeds mixed."""

from keras_stylegan.commands.generate import add_source


def add_arguments(parser):
    add_source(parser, kinds="run directory, .keras file, or packaged generator; needs Keras")
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help="picture to write")
    parser.add_argument("--rows", default="0,1,2", metavar="S,A-B,...", help="seeds of the pictures (default 0,1,2)")
    parser.add_argument("--columns", default="3,4,5,6", metavar="S,A-B,...", help="seeds of styles (default 3,4,5,6)")
    parser.add_argument(
        "--layers", default="0-3", metavar="A-B", help="layers from A to B take the column's style (default 0-3)"
    )


def run(arguments) -> int:
    from PIL import Image

    from keras_stylegan.commands.generate import parse_layers
    from keras_stylegan.commands.outputs import check_output
    from keras_stylegan.commands.seeds import check_count, parse_seeds
    from keras_stylegan.commands.silence import silence
    from keras_stylegan.data.pictures import as_rgb
    from keras_stylegan.data.tiles import tile
    from keras_stylegan.inference import write_picture
    from keras_stylegan.inference.generator import open_generator

    check_output(arguments.output, set())
    rows, columns = (parse_seeds(name, getattr(arguments, name)) for name in ("rows", "columns"))
    check_count("--columns", len(rows) * len(columns))
    layers = parse_layers(arguments.layers)
    with silence():
        generator = open_generator(arguments.source, "keras")
        grid = generator.mix(rows, columns, layers, arguments.label, arguments.truncation)
    write_picture(Image.fromarray(tile(as_rgb(grid))), arguments.output, arguments.source_type)
    print(arguments.output)
    return 0
