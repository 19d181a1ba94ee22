"""Flags of XLA for tests: on JAX they compile much and compute little."""

import importlib.util
import mmap
import pathlib

# The second halves the time of compiling.
FLAGS = {"xla_backend_optimization_level": "0", "xla_cpu_use_fusion_emitters": "false"}


def known_flags():
    """The flags that the installed XLA knows; it ends a process for one that it does not know."""
    jaxlib = importlib.util.find_spec("jaxlib")
    folders = jaxlib.submodule_search_locations if jaxlib else []
    known = {name for folder in folders for library in pathlib.Path(folder).glob("*.so") for name in _named(library)}
    return " ".join(f"--{name}={value}" for name, value in FLAGS.items() if name in known)


def _named(library):
    with library.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return [name for name in FLAGS if content.find(name.encode()) >= 0]
