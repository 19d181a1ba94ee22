"""Which picture is written where: the inputs and the output of a call, expanded and checked before any work."""

import collections
import errno
import os
import pathlib
from collections.abc import Iterable

from keras_stylegan.commands.outputs import check_folder, check_output
from keras_stylegan.formats import READABLE_SUFFIXES, UNREAD_SUFFIXES
from keras_stylegan.inference.saving import FORMATS

_STANDARD_STREAM = "-"


def plan(inputs: list[str], output: str, others: Iterable[str] = ()) -> tuple[list[tuple[str, str]], bool]:
    """Pairs every input file with its output file.

    Args:
        inputs: paths of files and folders (of which the pictures are taken, not those of folders inside), or `-`.
            Pictures of formats that are not read, such as HEIC, are among them, to be named as bad files.
        output: path of a file for a single input, otherwise of a folder, in which names are kept (a suffix that cannot
            be written becomes .png, or where that name is taken gets one behind it); or `-` for a single input.
        others: paths of further files that the call reads, which no output may overwrite either.

    Returns:
        List of (input, output), whose folder is made with the first picture, and whether the call is a batch, whose bad
        files do not stop the others.

    Raises:
        ValueError: if a name is empty, an input folder has no pictures, the output does not fit the inputs or cannot be
            written, two inputs have the same output, or an output would overwrite what is read.
        FileNotFoundError: if a single input is missing.
    """
    for name in (*inputs, output):
        if not name:
            raise ValueError("a file has no name. Received: ''")
    files = [file for path in inputs for file in _expand(path)]
    is_batch = len(files) > 1 or len(inputs) > 1 or os.path.isdir(inputs[0])
    if output == _STANDARD_STREAM:
        if is_batch:
            raise ValueError("`--output -` takes a single picture, and several were given")
        return [(files[0], output)], False
    sources = {os.path.realpath(file) for file in (*files, *others)}
    to_folder = is_batch or os.path.isdir(output) or output.endswith(("/", os.sep))
    if to_folder and _STANDARD_STREAM in files:
        raise ValueError(f"{output}: a picture from standard input has no name, so its output must be a file")
    if not is_batch and files[0] != _STANDARD_STREAM and not os.path.exists(files[0]):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), files[0])
    if not to_folder:
        check_output(output, sources)
        return [(files[0], output)], False
    is_named_folder = os.path.exists(output) or output.endswith(("/", os.sep))
    if pathlib.PurePath(output).suffix.lower() in FORMATS and not is_named_folder:
        raise ValueError(f"{output}: several pictures need a folder as output, but this is the name of a picture")
    names = {os.path.basename(file) for file in files}
    targets = [os.path.join(output, _output_name(file, names)) for file in files]
    for target, count in collections.Counter(targets).items():
        if count > 1:
            raise ValueError(f"{target}: {count} inputs have this output; give them different folders")
    check_folder(output)
    for target in targets if os.path.isdir(output) else ():  # a new folder holds nothing to overwrite
        check_output(target, sources)
    return list(zip(files, targets, strict=True)), is_batch


def _expand(path):
    if not os.path.isdir(path) or path == _STANDARD_STREAM:
        return [path]
    folder = pathlib.Path(path)
    # Neither folders nor pipes, which would wait for a writer; a broken link is listed among the bad files.
    visible = (f for f in folder.iterdir() if not f.name.startswith(".") and (f.is_file() or not f.exists()))
    files = sorted(str(file) for file in visible if file.suffix.lower() in READABLE_SUFFIXES | UNREAD_SUFFIXES)
    if not files:
        raise ValueError(f"{path}: the folder has no pictures ({', '.join(sorted(READABLE_SUFFIXES))})")
    return files


def _output_name(file, taken):
    name = pathlib.PurePath(file)
    if name.suffix.lower() in FORMATS:
        return name.name
    as_png = name.with_suffix(".png").name
    return f"{name.name}.png" if as_png in taken else as_png
