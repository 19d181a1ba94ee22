"""`keras-stylegan project`: the styles with which a GAN comes closest to a photograph."""

import argparse

from keras_stylegan.commands.outputs import add_provenance
from keras_stylegan.provenance import GENERATED, STYLIZED

FILES = ("reconstruction.png", "comparison.png", "styles.npz")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    add = parser.add_argument
    add("photo", help="photograph; its middle is taken, in the generator's size")
    add(
        "--from",
        dest="source",
        metavar="SOURCE",
        default="scenes",
        help="run directory, .keras file or packaged generator (default %(default)s)",
    )
    add("-o", "--output", metavar="DIR", required=True, help="folder for the reconstruction, a comparison, the styles")
    add("--class", dest="label", metavar="NAME", help="class to start from (default: the mean of all)")
    add("--space", default="w+", metavar="w|w+", help="one style for each layer, w+ (default), or one for all, w")
    add("--steps", type=int, default=500, metavar="N", help="optimisation steps (default 500)")
    add("--rate", type=float, default=0.1, metavar="R", help="greatest step, in units of the styles (default 0.1)")
    add("--network", default="compact", help="compact, vgg16, vgg19 or an .npz weight file (default: compact)")
    add_provenance(parser, GENERATED)


def run(arguments: argparse.Namespace) -> int:
    """Projects the photograph; returns the exit code. The photograph is read before a backend is loaded."""
    import os

    import numpy as np
    from PIL import Image

    from keras_stylegan.commands.outputs import check_folder, make_folder
    from keras_stylegan.commands.progress import progress_bar
    from keras_stylegan.commands.silence import silence
    from keras_stylegan.inference import read_picture, write_picture

    if arguments.steps < 1:
        raise ValueError(f"`--steps` must be at least 1. Received: {arguments.steps}")
    if not 0 < arguments.rate < float("inf"):
        raise ValueError(f"`--rate` must be finite and positive. Received: {arguments.rate}")
    if arguments.space not in ("w", "w+"):
        raise ValueError(f"`--space` must be w or w+. Received: {arguments.space}")
    if os.path.isdir(arguments.photo):
        raise ValueError(f"{arguments.photo}: must be one photograph, but is a folder: each is optimised for minutes")
    check_folder(arguments.output)
    files = [os.path.join(arguments.output, name) for name in FILES]
    if os.path.realpath(arguments.photo) in map(os.path.realpath, files):
        raise ValueError(f"{arguments.photo}: the output would overwrite its own input")
    with silence():
        photo = read_picture(arguments.photo).photo
    with silence():  # a backend says what it runs on
        from keras_stylegan.data.pictures import as_rgb
        from keras_stylegan.inference.generator import open_generator
        from keras_stylegan.inference.projection import fit_photo, project_photo, write_styles

        generator = open_generator(arguments.source, "keras")
    generator.check_styles("project")
    target = fit_photo(photo, generator.network.size, generator.network.channels)
    losses = []
    with progress_bar("projecting", arguments.steps) as report:

        def note(step, logs):
            losses.append(logs["loss"])
            report(step)

        styles = project_photo(
            generator,
            target,
            arguments.label,
            arguments.space,
            arguments.steps,
            arguments.rate,
            arguments.network,
            note,
        )
    made = generator.render_styles(styles[None])[0]
    folder = make_folder(arguments.output)
    target, made = as_rgb(target), as_rgb(made)
    write_picture(Image.fromarray(made), folder / FILES[0], arguments.source_type)
    # The photograph beside it makes the comparison a composite.
    beside = arguments.source_type and STYLIZED
    write_picture(Image.fromarray(np.hstack([target, made])), folder / FILES[1], beside)
    write_styles(styles[None], folder / FILES[2])
    for name in FILES:
        print(folder / name)
    print(f"loss {losses[0]:.4f} -> {losses[-1]:.4f} in {len(losses)} steps")
    return 0
