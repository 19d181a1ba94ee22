"""What takes long to make and no test changes, made once for all processes of a run of tests."""

import fcntl
import functools
import os
import pathlib
import pickle
import tempfile

_FOLDER = "KERAS_STYLEGAN_TESTS"


def share(folder):
    """Sets the folder that all processes share, also those that tests start."""
    os.environ.setdefault(_FOLDER, str(folder))
    folder.mkdir(exist_ok=True)


def new_folder():
    return pathlib.Path(tempfile.mkdtemp(dir=os.environ[_FOLDER]))


def made_once(make):
    """A function of names that makes files, such that the first process to call it makes them, and the others wait."""

    @functools.cache
    def shared(*names):
        kept = pathlib.Path(os.environ[_FOLDER], "_".join([make.__name__, *names]) + ".pickle")
        with kept.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not kept.exists():
                kept.write_bytes(pickle.dumps(make(*names)))
            return pickle.loads(kept.read_bytes())

    return shared
