"""Throughput and latency of a SavedModel by batch size: the bare network against the signatures of a server.

    python benchmarks/serving_speed.py [--saved-model models/multistyle/1] [--sizes 256 512] [--batches 1 2 4 8 16]

All in one process without a server, in turns, so that a noisy machine disturbs all alike; medians. The bare network
takes and gives float arrays, padded and checked by nobody, in a graph for their very size: a batch at once, or one
picture after the other (`bare_singly`). Bar: `encoded` (JPEG in, JPEG out) costs at most 10 % more than the quicker of
these two; `encoded_png` is told beside it.
Seconds of all cores together (`cpu`) are told beside the clock's: on a machine with other work they are the steadier.
"""

from __future__ import annotations

import argparse
import io
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image
from record import record

from keras_stylegan import pretrained
from keras_stylegan.exporters.saved_model import export_saved_model
from keras_stylegan.exporters.sources import open_source

MAX_COST = 0.10
BARE = {"bare", "bare_singly"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", nargs="?", default="multistyle", metavar="NAME|RUN")
    parser.add_argument("--saved-model", type=Path, metavar="DIR", help="one exported before; without, it is made")
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 512])
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 2, 4, 8, 16])
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()

    network = open_source(arguments.source).network
    with tempfile.TemporaryDirectory() as folder:
        exported = arguments.saved_model or export_saved_model(arguments.source, folder).path
        signatures = tf.saved_model.load(str(exported)).signatures
    with Image.open(io.BytesIO(pretrained.sample_photographs()[0].read_bytes())) as photograph:
        photograph = photograph.convert("RGB")
    lines = []
    for size in arguments.sizes:
        for batch in arguments.batches:
            calls = make_calls(network, signatures, photograph.resize((size, size)), batch)
            times, work = measure(calls, arguments.rounds)
            line = {"size": size, "batch": batch}
            line |= {f"{name}_ms": round(1000 * seconds, 1) for name, seconds in times.items()}
            least = min(BARE, key=times.get)
            for name in (name for name in calls if name not in BARE):
                line[f"{name}_cost"] = round(times[name] / times[least] - 1, 3)
                line[f"{name}_cpu_cost"] = round(work[name] / work[least] - 1, 3)
            line["encoded_pictures_per_second"] = round(batch / times["encoded"], 2)
            lines.append(line)
            print(line, flush=True)
    costs = ("encoded_cost", "encoded_cpu_cost", "encoded_png_cost", "encoded_png_cpu_cost")
    worst = {f"worst_{key}": max(line[key] for line in lines) for key in costs}
    record("serving_speed", {"rows": lines, **worst, "bar": MAX_COST}, ("tensorflow",))


def make_calls(network, signatures, picture, batch):
    """What is timed, by its name; each is called without arguments."""
    bare = tf.function(lambda inputs: network(inputs, training=False))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=92)
    image = tf.constant(np.repeat(np.asarray(picture)[None], batch, axis=0))
    weights = tf.one_hot(tf.range(batch) % network.num_styles, network.num_styles)
    rows = {"style_weights": weights, "strength": tf.ones(batch)}
    inputs = {"images": tf.cast(image, tf.float32) / 127.5 - 1.0, **rows}
    singles = [{name: value[i : i + 1] for name, value in inputs.items()} for i in range(batch)]
    files = tf.constant([file.getvalue()] * batch)
    return {
        "bare": lambda: bare(inputs),
        "bare_singly": lambda: [bare(inputs) for inputs in singles][-1],
        "arrays": lambda: signatures["stylize_weights"](image=image, **rows)["stylized"],
        "encoded": lambda: signatures["encoded"](image_bytes=files, **rows)["stylized_bytes"],
        "encoded_png": lambda: signatures["encoded_png"](image_bytes=files, **rows)["stylized_bytes"],
    }


def measure(calls, rounds):
    """Median seconds of each call, by the clock and of all cores, in turns to and fro; the first is not counted."""
    times, work = ({name: [] for name in calls} for _ in range(2))
    for turn in range(rounds + 1):
        for name, call in list(calls.items())[:: -1 if turn % 2 else 1]:
            start, busy = time.perf_counter(), time.process_time()
            call().numpy()
            if turn:
                times[name].append(time.perf_counter() - start)
                work[name].append(time.process_time() - busy)
    return tuple({name: statistics.median(values) for name, values in kind.items()} for kind in (times, work))


if __name__ == "__main__":
    main()
