"""`keras-stylegan add-style`: learns the style of pictures for the packaged network."""

from __future__ import annotations

import argparse
import os

BANK = "own_styles.safetensors"
STEPS = 600
PERCEPTUAL = ("compact", "vgg16", "vgg19")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    add = parser.add_argument
    add("pictures", nargs="+", metavar="PICTURE", help="picture of the style, or several")
    add("--name", required=True, help="name of the style: letters, digits, - and _")
    add("--bank", default=BANK, metavar="FILE", help=f"file that it is added to (default: {BANK})")
    add("--content", metavar="SOURCE", help="photographs to practise on: a folder, zip or npz file (default: packaged)")
    add("--steps", type=int, default=STEPS, metavar="N", help=f"steps of two photographs (default: {STEPS})")
    add("--network", default="compact", help="compact, vgg16, vgg19 or an .npz weight file (default: compact)")
    add("--seed", type=int, default=0, help="repeats a result (default: 0)")
    add("--replace", action="store_true", help="let it take the place of the bank's style of this name")
    add(
        "--backend",
        choices=("tensorflow", "jax", "torch"),
        default=os.environ.get("KERAS_BACKEND"),
        help="Keras backend (default: the first of these that is installed)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Learns the style; returns the exit code. What can be wrong is checked before a backend is loaded."""
    import time

    from keras_stylegan import pretrained
    from keras_stylegan.commands.progress import progress_bar
    from keras_stylegan.commands.silence import silence, standard_error, start_keras
    from keras_stylegan.inference.banks import Bank, check_size, read_bank, write_bank
    from keras_stylegan.inference.style_pictures import read_style_picture

    _check(arguments)
    entry = pretrained.network_entry("multistyle")
    space = entry["style_space"]

    def known():
        if not os.path.exists(arguments.bank):
            return {}
        bank = read_bank(arguments.bank, space)
        check_size(arguments.bank, bank, entry["vector_size"])
        return bank.vectors

    earlier = known()
    taken = {style["name"] for style in entry["styles"]} | (set() if arguments.replace else set(earlier))
    if arguments.name in taken:
        raise ValueError(f"`--name` must be new, or `--replace` one of the bank's. Received: {arguments.name}")
    with silence():
        pictures = [read_style_picture(path) for path in arguments.pictures]
    _choose_backend(arguments.backend)
    with standard_error() as heard, progress_bar("learning", arguments.steps, heard) as report:
        start_keras()
        from keras_stylegan.inference.own_styles import learn_style

        start, losses = time.perf_counter(), []

        def note(step, logs):
            losses.append(logs["style"])
            report(step)

        vector = learn_style(
            pictures,
            arguments.content,
            steps=arguments.steps,
            network=arguments.network,
            seed=arguments.seed,
            report=note,
        )
    try:  # again: while this was learnt, another may have been added
        earlier = known()
    except (ValueError, OSError):  # or the file damaged, which is no reason to lose the minutes
        pass
    write_bank(Bank({**earlier, arguments.name: vector}, space), arguments.bank)
    seconds = time.perf_counter() - start
    print(f"{arguments.bank}: {arguments.name}, style loss {losses[0]:.3f} -> {losses[-1]:.3f} in {seconds:.0f} s")
    return 0


def _check(arguments: argparse.Namespace) -> None:
    import pathlib

    from keras_stylegan.inference.banks import is_name

    if not is_name(arguments.name):
        raise ValueError(f"`--name` must have letters, digits, - and _ only. Received: {arguments.name}")
    if arguments.steps < 1:
        raise ValueError(f"`--steps` must be at least 1. Received: {arguments.steps}")
    if arguments.seed < 0:
        raise ValueError(f"`--seed` must be at least 0. Received: {arguments.seed}")
    if arguments.content is not None and not os.path.exists(arguments.content):
        raise FileNotFoundError(2, "No such file or folder", arguments.content)
    if arguments.network not in PERCEPTUAL and not os.path.isfile(arguments.network):
        raise ValueError(
            f"`--network` must be {', '.join(PERCEPTUAL)} or an .npz file. Received: {arguments.network}, no such file"
        )
    folder = pathlib.Path(arguments.bank).absolute().parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise ValueError(f"`--bank` must lie in an existing, writable folder. Received: {arguments.bank}")


def _choose_backend(backend: str | None) -> None:
    import sys

    from keras_stylegan.inference.style_pictures import choose_backend

    if backend is None:
        choose_backend("add-style")
        return
    keras = sys.modules.get("keras")
    if keras is not None and keras.backend.backend() != backend:
        raise ValueError(
            "`--backend` must be that of the Keras already imported in this process. "
            f"Received: {backend}, imported with {keras.backend.backend()}"
        )
    os.environ["KERAS_BACKEND"] = backend
