"""The long fault soak: a run is killed, stopped and damaged at random, and must end like an undisturbed one.

    python benchmarks/reliability.py [--minutes 30] [--images 400] [--seed 0]

Each round trains the toy system of the tests in processes of their own. A process is sent SIGKILL, SIGTERM or SIGINT
at a random moment, or dies in the middle of a save, or finds the disk full; between processes a random byte of the
newest checkpoint is flipped, or the file cut. Some batches are NaN. Then the run is resumed, until it is done; its
last checkpoint must equal that of a run in which nothing happened, bit for bit, and every signal, full disk and
damaged file must have been answered as it should. Anything else stops the soak with an error.
"""

from __future__ import annotations

import argparse
import collections
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from record import record

ROOT = Path(__file__).resolve().parents[1]
POISON = 23  # every 23rd batch is NaN
FAULTS = ("SIGKILL", "SIGTERM", "SIGINT", "killed in a save", "disk full")
DAMAGES = ("nothing", "byte flipped", "file cut")


def start(out, images, limit=None, undisturbed=None, **environment):
    paths = [str(ROOT / "tests"), str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "JAX_PLATFORMS": "cpu", **environment}
    command = [sys.executable, str(ROOT / "tests" / "toy_process.py"), str(out), str(images)]
    command += [str(undisturbed)] if undisturbed else []
    before = (lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))) if limit else None
    return subprocess.Popen(
        command, env={**environment, "TOY_POISON": str(POISON)}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        text=True, preexec_fn=before,
    )  # fmt: skip


def disturb(out, images, fault, rng):
    """Trains until something happens; returns whether it did, or the run was over before."""
    environment = {"TOY_KILL_SAVE": str(rng.randint(1, 12))} if fault == "killed in a save" else {}
    process = start(out, images, limit=9000 if fault == "disk full" else None, **environment)
    expected = {"killed in a save": -signal.SIGKILL, "disk full": 2}
    if fault not in expected:
        number = signal.Signals[fault]
        expected[fault] = -number if number == signal.SIGKILL else 128 + number
        before = newest(out)
        while newest(out) == before and process.poll() is None:
            time.sleep(0.01)  # it has begun to train: before, a signal has nothing to save
        time.sleep(rng.uniform(0, 1.5))
        process.send_signal(number)
        begin = time.perf_counter()
    _, errors = process.communicate(timeout=120)
    if fault in ("SIGTERM", "SIGINT") and time.perf_counter() - begin > 10:
        raise RuntimeError(f"{fault} took {time.perf_counter() - begin:.1f} s")
    if process.returncode == 0:
        return False
    if process.returncode != expected[fault]:
        raise RuntimeError(f"{fault} ended with {process.returncode}, not {expected[fault]}:\n{errors}")
    if fault == "disk full" and sum(line.startswith("keras-stylegan: ") for line in errors.splitlines()) != 1:
        raise RuntimeError(f"a full disk is not one line:\n{errors}")
    return True


def newest(out):
    """The newest checkpoint, or None."""
    return max((out / "checkpoints").glob("checkpoint-*.npz"), default=None)


def damage(out, kind, rng):
    path = newest(out)
    if kind == "nothing" or path is None or len(list(path.parent.glob("checkpoint-*.npz"))) < 2:
        return False
    content = bytearray(path.read_bytes())
    if kind == "file cut":
        content = content[: rng.randrange(len(content))]
    else:
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)
    return True


def check_equal(ours, theirs):
    with np.load(newest(ours)) as first, np.load(newest(theirs)) as second:
        if newest(ours).name != newest(theirs).name or sorted(first.files) != sorted(second.files):
            raise RuntimeError(f"{newest(ours)} and {newest(theirs)} do not hold the same")
        for name in set(first.files) - {"run", "sha256"}:
            if first[name].tobytes() != second[name].tobytes():
                raise RuntimeError(f"{name} differs between {newest(ours)} and {newest(theirs)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--images", type=int, default=400, help="length of a run")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng, counts, begin = random.Random(arguments.seed), collections.Counter(), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        undisturbed = Path(folder) / "undisturbed"
        while time.perf_counter() - begin < 60 * arguments.minutes:
            out, disturbed = Path(folder) / "run", True
            while disturbed and time.perf_counter() - begin < 60 * arguments.minutes:
                fault, harm = rng.choice(FAULTS), rng.choice(DAMAGES)
                disturbed = disturb(out, arguments.images, fault, rng)
                counts[fault] += disturbed
                if disturbed and damage(out, harm, rng):
                    counts[harm] += 1
            last = start(out, arguments.images, undisturbed=None if undisturbed.exists() else undisturbed)
            _, errors = last.communicate(timeout=1200)
            if last.returncode:
                raise RuntimeError(errors)
            check_equal(out, undisturbed)
            counts["runs that ended bit for bit like an undisturbed one"] += 1
            counts["bad batches skipped"] += arguments.images // 4 // POISON
            shutil.rmtree(out)
    minutes = round((time.perf_counter() - begin) / 60, 1)
    record("reliability", {"minutes": minutes, "images_a_run": arguments.images, **counts}, ("keras", "jax"))


if __name__ == "__main__":
    main()
