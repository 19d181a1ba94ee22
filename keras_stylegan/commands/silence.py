"""Keeps standard error for mistakes, one line each: libraries that write there cannot be told not to."""

import contextlib
import os
import sys


@contextlib.contextmanager
def silence():
    """Leads standard error nowhere, also for libraries that are not Python. Mistakes are exceptions and are not lost.

    Meant for LiteRT, which says on its first run what it runs on, and for reading pictures: libtiff and Pillow say more
    of a damaged file, or of a good one with damaged metadata, than the one line of this program.

    Yields:
        A text file that still leads to standard error, for the program's own words.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with standard_error() as heard:
        try:
            os.dup2(nowhere, 2)
            yield heard
        finally:
            os.dup2(heard.fileno(), 2)
            os.close(nowhere)


@contextlib.contextmanager
def standard_error():
    """Gives a text file that leads to where standard error leads now, also within a `silence` that begins later."""
    with os.fdopen(os.dup(2), "w", errors="backslashreplace") as heard:
        yield heard


def start_keras():
    """Imports Keras and finds the backend's devices in silence.

    TensorFlow announces on standard error what it was built with and which drivers it misses, the first lines before it
    reads its own switch. `TF_CPP_MIN_LOG_LEVEL=0` lets them through, as when a GPU is there and is not found.
    """
    with contextlib.nullcontext() if os.environ.get("TF_CPP_MIN_LOG_LEVEL") in ("0", "1") else silence():
        import keras

        if keras.backend.backend() == "tensorflow":
            sys.modules["tensorflow"].config.list_physical_devices()
