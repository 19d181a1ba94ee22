"""`keras-stylegan demo`: every packaged style on the packaged sample photographs."""

from keras_stylegan.commands.outputs import add_provenance
from keras_stylegan.provenance import STYLIZED


def add_arguments(parser):
    parser.add_argument("-o", "--output", metavar="DIR", default="demo", help="folder to write to (default demo)")
    add_provenance(parser, STYLIZED)


def run(arguments) -> int:
    import time

    from keras_stylegan import pretrained
    from keras_stylegan.commands.network import load_network
    from keras_stylegan.commands.outputs import check_folder, make_folder
    from keras_stylegan.commands.progress import progress_bar
    from keras_stylegan.inference import write_picture
    from keras_stylegan.inference.contact_sheet import stack

    start = time.perf_counter()
    check_folder(arguments.output)
    network = load_network()
    photographs = pretrained.sample_photographs()
    if not photographs:
        raise ValueError("samples: the package has no sample photographs; install it again")
    print(f"{len(network.styles)} styles on {len(photographs)} photographs ...", flush=True)
    sheets = []
    with progress_bar("painting", len(photographs)) as report:
        for photograph in photographs:
            sheets.append(network.sheet(photograph, columns=5, tile=256))
            report(len(sheets))
    path = make_folder(arguments.output) / "contact_sheet.jpg"
    write_picture(stack(sheets), path, arguments.source_type)
    print(f"{path}  {time.perf_counter() - start:.1f} s")
    return 0
