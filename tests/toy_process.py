"""The toy run in a process of its own, on JAX, to be killed: `python toy_process.py OUT IMAGES [UNDISTURBED]`.

Environment: TOY_MARK=N writes the file OUT.mark when batch N is asked for; TOY_KILL_SAVE=N ends the process with
SIGKILL in the middle of its Nth save, before the new checkpoint has its name; TOY_POISON=N makes the pixels of every
Nth batch NaN.
"""

import dataclasses
import functools
import os
import pathlib
import signal
import sys
import time

sys.modules["tensorflow"] = None  # starts in half the time
os.environ["KERAS_BACKEND"] = "jax"

import numpy as np  # noqa: E402
from toy_system import ToyPreset, build_toy  # noqa: E402

from keras_stylegan import cli, presets, systems  # noqa: E402


class Slow:
    """The toy's batches, slow enough to be interrupted."""

    def __init__(self, batches, out):
        self.batches, self.out = batches, out

    def __getitem__(self, index):
        if index == int(os.environ.get("TOY_MARK", -1)):
            pathlib.Path(f"{self.out}.mark").touch()
        time.sleep(0.05)
        return self.batches[index]


class Poisoned:
    """The toy's batches, every `period`th of them NaN."""

    def __init__(self, batches, period):
        self.batches, self.period = batches, period

    def __getitem__(self, index):
        factor = np.float32(np.nan if index % self.period == self.period - 1 else 1)
        return {name: values * factor for name, values in self.batches[index].items()}


def die_in_save(number):
    flush, calls = os.fsync, []

    def fsync(descriptor):
        calls.append(descriptor)
        if len(calls) == 2 * number - 1:  # a save flushes the file, then the name
            os.kill(os.getpid(), signal.SIGKILL)
        flush(descriptor)

    os.fsync = fsync


def main(out, images, undisturbed=None):
    if "TOY_KILL_SAVE" in os.environ:
        die_in_save(int(os.environ["TOY_KILL_SAVE"]))

    def build(preset, slow=True):
        system = build_toy(preset)
        batches = system.batches
        if period := int(os.environ.get("TOY_POISON", 0)):
            batches = Poisoned(batches, period)
        return dataclasses.replace(system, batches=Slow(batches, out) if slow else batches)

    systems.SYSTEMS["toy"] = build
    kimg = int(images) / 1000
    presets.PRESETS["toy"] = ToyPreset(kimg=kimg, log_images=4, grid_images=1000, checkpoint_seconds=1e-6)
    code = cli.main(["train", "toy", "--out", out, "--resume", "--deterministic", "--backend", "jax"])
    if code == 0 and undisturbed:
        systems.SYSTEMS["toy"] = functools.partial(build, slow=False)
        code = cli.main(["train", "toy", "--out", undisturbed, "--backend", "jax"])
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
