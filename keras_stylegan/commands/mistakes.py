"""Mistakes as the program tells them."""

import os


def describe(error: Exception) -> str:
    """Returns a mistake as one line that names the file or argument and the rule."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{os.fsdecode(error.filename)}: {error.strerror}"
    return " ".join(str(error).split())
