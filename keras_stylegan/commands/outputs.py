"""Where results go: checked before any work is done."""

import argparse
import os
import pathlib


def add_provenance(parser: argparse.ArgumentParser, source_type: str) -> None:
    """Adds `--no-provenance`; `source_type` of the parsed arguments is what to give the writers of pictures."""
    parser.add_argument("--no-provenance", dest="source_type", action="store_const", const=None, default=source_type,
                        help="do not write into the pictures how they were made")  # fmt: skip


def check_output(path, sources, is_video: bool = False) -> None:
    """Checks that a picture, or a video, can be written to `path`, and that this is none of `sources`, real paths.

    Raises:
        ValueError: if the suffix is unknown, the folder is missing or not writable, or an input would be overwritten.
    """
    from keras_stylegan.inference.saving import check_suffix
    from keras_stylegan.inference.videos import check_video_suffix

    (check_video_suffix if is_video else check_suffix)(path)
    path = pathlib.Path(path)
    if path.is_dir():
        raise ValueError(f"{path}: the output is a folder, but must be a file")
    if not path.parent.is_dir():
        raise ValueError(f"{path}: the output's folder does not exist")
    if not os.access(path.parent, os.W_OK):
        raise ValueError(f"{path}: the output's folder is not writable")
    if os.path.realpath(path) in sources:
        raise ValueError(f"{path}: the output would overwrite its own input")


def check_folder(path) -> None:
    """ValueError unless `path` is a folder that can be written to, or can be made; nothing is made yet."""
    if os.fspath(path) == "-":
        raise ValueError("-: the output is a folder here, and standard output is none; ./- is a folder of that name")
    path = pathlib.Path(path)
    there = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    if not there.is_dir():
        raise ValueError(f"{there}: several pictures need a folder as output, but this is a file")
    if not os.access(there, os.W_OK):
        raise ValueError(f"{there}: the folder is not writable")


def make_folder(path) -> pathlib.Path:
    """Returns `path` as an existing, writable folder, made where it is missing."""
    check_folder(path)
    path = pathlib.Path(path)
    path.mkdir(parents=True, exist_ok=True)
    return path
