"""Mistakes as the program tells them."""

import contextlib
import os
import sys
import warnings


def describe(error: Exception) -> str:
    """Returns a mistake as one line that names the file or argument and the rule."""
    if isinstance(error, OSError) and error.filename is not None:
        name = " ".join(os.fsdecode(error.filename).split())
        return f"{name or repr(name)}: {error.strerror}"
    return " ".join(str(error).split())


def printable(name: str) -> str:
    """Returns a file's name on one line, with bytes that are no text escaped."""
    return " ".join(name.encode("utf-8", "backslashreplace").decode().split())


@contextlib.contextmanager
def notes(name: str):
    """Tells what a library warns of as a line each, on standard error; `name` says of which file."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for text in dict.fromkeys(str(warning.message) for warning in caught if warning.category is UserWarning):
        print(f"keras-stylegan: note: {printable(name)}: {text}", file=sys.stderr)


@contextlib.contextmanager
def standard_output():
    """Gives a mistake in writing to standard output, such as a full disk behind it, that name."""
    try:
        yield
    except OSError as error:
        if error.filename is not None:
            raise
        raise OSError(error.errno, error.strerror, "standard output") from error
