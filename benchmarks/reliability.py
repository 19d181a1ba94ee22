"""The long fault soak: a run is killed, stopped and damaged at random, and must end like an undisturbed one.

    python benchmarks/reliability.py [--minutes 30] [--images 400] [--files 500] [--seed 0]

Each round trains the toy system of the tests in processes of their own. A process is sent SIGKILL, SIGTERM or SIGINT
at a random moment, or dies in the middle of a save, or finds the disk full; between processes a random byte of the
newest checkpoint is flipped, or the file cut. Some batches are NaN. Then the run is resumed, until it is done; its
last checkpoint must equal that of a run in which nothing happened, bit for bit, and every signal, full disk and
damaged file must have been answered as it should. Anything else stops the soak with an error.

After each run pictures of every format are damaged at random: each must be refused, or give the pixels that Pillow
gives, with TensorFlow and without.
"""

from __future__ import annotations

import argparse
import collections
import io
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from record import record

from keras_stylegan.data.decoding import decode_with_pillow, tensorflow_decoder

ROOT = Path(__file__).resolve().parents[1]
POISON = 7  # every seventh batch is NaN
FAULTS = ("SIGKILL", "SIGTERM", "SIGINT", "killed in a save", "disk full")
DAMAGES = ("nothing", "byte flipped", "file cut")
WAIT = 1200  # seconds until a process that hangs is given up, on a machine with much else to do


def start(out, images, limit=None, undisturbed=None, **environment):
    paths = [str(ROOT / "tests"), str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "JAX_PLATFORMS": "cpu", **environment}
    command = [sys.executable, str(ROOT / "tests" / "toy_process.py"), str(out), str(images)]
    command += [str(undisturbed)] if undisturbed else []
    environment["TOY_POISON"] = str(POISON)
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if limit:  # long before it writes anything
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (limit, limit))
    return process


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
    _, errors = process.communicate(timeout=WAIT)
    # Ten seconds, times how much more this machine has to do than it can at once.
    allowed = 10 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    if fault in ("SIGTERM", "SIGINT") and time.perf_counter() - begin > allowed:
        raise RuntimeError(f"{fault} took {time.perf_counter() - begin:.1f} s")
    # Once a run is over nobody listens to signals any more, and one may meet the process on its way out.
    over = fault in ("SIGTERM", "SIGINT") and json.loads((out / "state.json").read_text())["state"] == "finished"
    if process.returncode == 0 or over:
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


def good_files(rng):
    """Pictures of every format that is read, small ones."""
    coarse = Image.fromarray(rng.integers(0, 256, (5, 6, 3), "uint8"))
    image = coarse.resize((40, 33), Image.Resampling.BICUBIC)
    forms = [
        ("JPEG", {}), ("JPEG", {"subsampling": 0}), ("JPEG", {"progressive": True}),
        ("JPEG", {"restart_marker_rows": 1}), ("PNG", {}), ("WEBP", {}), ("WEBP", {"lossless": True}),
        ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"}), ("BMP", {}), ("GIF", {}), ("PPM", {}),
    ]  # fmt: skip
    for name, options in forms:
        file = io.BytesIO()
        image.save(file, name, **options)
        yield file.getvalue()


def damaged_file(content, rng):
    """A picture with a byte changed, its end cut off, a piece cut out or another put in its place."""
    start, end = sorted(rng.integers(0, len(content), 2).tolist())
    kind = rng.integers(4)
    if kind == 0:
        return content[:start] + bytes([content[start] ^ 1 << int(rng.integers(8))]) + content[start + 1 :]
    return (content[:start], content[:start] + content[end:], content[:start] + rng.bytes(9) + content[end:])[kind - 1]


def expected_pixels(content):
    """What Pillow decodes, by its plainest calls, or None."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except Exception:  # nearly any type
        return None


def try_bad_files(number, seed):
    """Damages pictures and decodes them on both engines; returns how many were refused."""
    rng = np.random.default_rng(seed)
    good = list(good_files(rng))
    contents = [damaged_file(good[place % len(good)], rng) for place in range(number)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Pillow says of damaged metadata
        expected = [expected_pixels(content) for content in contents]
        engines = [decode(contents) for decode in (decode_with_pillow, tensorflow_decoder())]
    for content, theirs, *ours in zip(contents, expected, *engines, strict=True):
        for result in ours:
            wrong = not isinstance(result, Exception) and (theirs is None or not np.array_equal(result, theirs))
            if wrong or isinstance(result, Exception) != isinstance(ours[0], Exception):
                raise RuntimeError(f"neither refused nor what Pillow decodes: {content.hex()}")
    return sum(isinstance(result, Exception) for result in engines[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--images", type=int, default=400, help="length of a run")
    parser.add_argument("--files", type=int, default=500, help="damaged pictures tried after each run")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng, begin = random.Random(arguments.seed), time.perf_counter()
    faults, damages, counts = collections.Counter(), collections.Counter(), collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        undisturbed = Path(folder) / "undisturbed"
        while time.perf_counter() - begin < 60 * arguments.minutes:
            out, disturbed = Path(folder) / "run", True
            while disturbed and time.perf_counter() - begin < 60 * arguments.minutes:
                fault, harm = rng.choice(FAULTS), rng.choice(DAMAGES)
                disturbed = disturb(out, arguments.images, fault, rng)
                faults[fault] += disturbed
                damages[harm] += disturbed and damage(out, harm, rng)
            last = start(out, arguments.images, undisturbed=None if undisturbed.exists() else undisturbed)
            _, errors = last.communicate(timeout=WAIT)
            if last.returncode:
                raise RuntimeError(errors)
            check_equal(out, undisturbed)
            counts["runs that ended bit for bit like an undisturbed one"] += 1
            counts["bad batches skipped"] += arguments.images // 4 // POISON
            counts["bad files refused"] += try_bad_files(arguments.files, [arguments.seed, counts.total()])
            counts["bad files tried"] += arguments.files
            shutil.rmtree(out)
    figures = {
        "minutes": round((time.perf_counter() - begin) / 60, 1),
        "images_a_run": arguments.images,
        "kills survived": faults["SIGKILL"] + faults["killed in a save"],
        "faults injected": faults.total() + damages.total() + counts["bad batches skipped"],
        **counts,
        "faults": dict(faults),
        "checkpoints damaged": dict(+damages),
    }
    record("reliability", figures, ("keras", "jax"))


if __name__ == "__main__":
    main()
