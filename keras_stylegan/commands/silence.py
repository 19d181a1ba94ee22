"""Keeps standard error for mistakes, one line each: libraries that write there cannot be told not to."""

import contextlib
import os


@contextlib.contextmanager
def silence():
    """Leads standard error nowhere, also for libraries that are not Python. Mistakes are exceptions and are not lost.

    Meant for LiteRT, which says on its first run what it runs on, and for reading pictures: libtiff and Pillow say more
    of a damaged file, or of a good one with damaged metadata, than the one line of this program.
    """
    standard_error, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(standard_error, 2)
        os.close(standard_error)
        os.close(nowhere)
