"""`keras-stylegan sheet`: one photograph in every style, on one picture."""

from keras_stylegan.commands.outputs import add_provenance
from keras_stylegan.commands.painting import add_bank_argument
from keras_stylegan.provenance import STYLIZED


def add_arguments(parser):
    parser.add_argument("photo", metavar="PHOTO", help="photograph")
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help="picture to write")
    parser.add_argument("--columns", type=int, default=5, metavar="N", help="tiles beside each other (default 5)")
    parser.add_argument("--tile", type=int, default=320, metavar="PIXELS", help="width of a tile (default 320)")
    add_bank_argument(parser)
    add_provenance(parser, STYLIZED)


def run(arguments) -> int:
    import os

    from keras_stylegan.commands.network import load_network
    from keras_stylegan.commands.outputs import check_output
    from keras_stylegan.commands.silence import silence
    from keras_stylegan.inference import read_picture, write_picture

    check_output(arguments.output, {os.path.realpath(arguments.photo)})
    with silence():
        picture = read_picture(arguments.photo)
    sheet = load_network(arguments.bank).sheet(picture, arguments.columns, arguments.tile)
    write_picture(sheet, arguments.output, arguments.source_type)
    print(arguments.output)
    return 0
