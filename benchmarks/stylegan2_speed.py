"""StyleGAN2's speed: its step against bare convolutions of the same shapes, and against the grouped-convolution form.

    python benchmarks/stylegan2_speed.py                          # 64x64, batch 8, 22.2 and 23.4 million parameters
    python benchmarks/stylegan2_speed.py --table 32x8,64x8,64x16  # time and peak memory against size and batch
    python benchmarks/stylegan2_speed.py --parts operations       # where the step's time goes, by kind of operation

`share_of_bare_convolutions` is the time of the convolutions of a step, each called alone (forward, gradient of the
input, gradient of the kernel, timed separately at the network's own shapes), over the time of the whole step: one
reads it as the share of their FLOP/s that the step reaches. Bar: 0.7. A step without penalties is 2 passes of the
generator forward and 1 each of its gradients, 3 of the critic forward, 3 of its input's and 2 of its kernels'
gradients. A pass of either network is about 122 GFLOP, two for a multiplication with its addition.

The grouped form (tests/grouped_convolutions.py) is the paper's: a kernel per image. Ours and it alternate in one
process, the best of `--repeats` counts; the bare convolutions are timed before the steps and after them (both times are
recorded, the better one counts). XLA is off. Only ratios travel between machines.
"""

from __future__ import annotations

import argparse
import contextlib
import glob
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from record import record

from keras_stylegan.models import StyleGAN2
from keras_stylegan.networks import StyleGAN2Critic, StyleGAN2Generator, stages
from keras_stylegan.ops.gradients import value_and_gradients

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from grouped_convolutions import grouped_form  # noqa: E402

PARTS = ("convolutions", "generation", "step", "penalties", "operations")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--channel-base", type=int, default=16384)
    parser.add_argument("--channel-max", type=int, default=512)
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--parts", default=",".join(PARTS[:-1]), help=f"some of {', '.join(PARTS)}")
    parser.add_argument("--table", help="SIZExBATCH,...: time and peak memory of a step, each in a process of its own")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    keras.config.set_dtype_policy(arguments.precision)
    if arguments.one:
        print(json.dumps(one_row(arguments)))
        return
    figures = {name: getattr(arguments, name) for name in ("size", "batch", "channel_base", "precision")}
    if arguments.table:
        record("stylegan2_speed", {**figures, "table": table(arguments)}, ("keras", "tensorflow"))
        return
    parts = arguments.parts.split(",")
    for network in ("generator", "critic"):
        products = sum(count for (owner, *_), count in layers(arguments) if owner == network)
        figures[f"{network}_gflop_per_pass"] = round(2e-9 * arguments.batch * products, 1)
    bare = [bare_convolutions(arguments)] if "convolutions" in parts else []
    if "generation" in parts:
        figures |= generation(arguments)
    if "step" in parts:
        figures |= steps(arguments)
    if bare:
        bare.append(bare_convolutions(arguments))
        figures |= min(bare, key=lambda timed: timed["bare_step_s"])
        figures["bare_steps_s"] = [timed["bare_step_s"] for timed in bare]
    if "penalties" in parts:
        figures |= penalties(arguments)
    if "operations" in parts:
        figures["share_of_step_by_operation"] = operations(arguments)
    if {"convolutions", "step"} <= set(parts):
        figures["share_of_bare_convolutions"] = round(figures["bare_step_s"] / figures["step_s"], 3)
    record("stylegan2_speed", figures, ("keras", "tensorflow"))


def networks(arguments, **options):
    size = {"size": (arguments.size, arguments.size)}
    widths = {"channel_base": arguments.channel_base, "channel_max": arguments.channel_max}
    generator, critic = StyleGAN2Generator(**size, **widths), StyleGAN2Critic(**size, **widths)
    for network in (generator, critic):
        network.build()
    model = StyleGAN2(generator, critic, seed=0, **options)
    optimizers = {name: keras.optimizers.Adam(2.5e-3, beta_1=0.0, beta_2=0.99) for name in ("critic", "generator")}
    model.compile(optimizers, ema={"half_life_kimg": 10.0}, jit_compile=False)
    return model


def images(arguments):
    shape = (arguments.batch, arguments.size, arguments.size, 3)
    return {"images": np.random.default_rng(0).uniform(-1, 1, shape).astype("float32")}


def best(arguments, *functions):
    """The best time of each function in seconds; they alternate, after one call each that is not timed."""
    times = [[] for _ in functions]
    for repeat in range(arguments.repeats + 1):
        for function, kept in zip(functions, times, strict=True):
            start = time.perf_counter()
            tf.nest.map_structure(np.asarray, function())  # waits for the result
            if repeat:
                kept.append(time.perf_counter() - start)
    return [round(min(kept), 4) for kept in times]


def layers(arguments):
    """((network, kind, input height, channels, filters, kernel size), products) of every convolution."""
    rows = stages((arguments.size, arguments.size), arguments.channel_base, arguments.channel_max)
    found = []

    def add(network, kind, height, channels, filters, kernel):
        at = {"same": height, "up": height, "down": height // 2}[kind]
        found.append(((network, kind, height, channels, filters, kernel), at**2 * channels * filters * kernel**2))

    for below, here in zip([None, *rows], rows, strict=False):
        if below is not None:
            add("generator", "up", below.height, below.channels, here.channels, 3)
            add("critic", "same", here.height, here.channels, here.channels, 3)
            add("critic", "down", here.height, here.channels, below.channels, 3)
            add("critic", "same", below.height, here.channels, below.channels, 1)
        add("generator", "same", here.height, here.channels, here.channels, 3)
        add("generator", "same", here.height, here.channels, 3, 1)
    add("critic", "same", rows[-1].height, 3, rows[-1].channels, 1)
    add("critic", "same", rows[0].height, rows[0].channels + 1, rows[0].channels, 3)
    return found


def bare_convolutions(arguments):
    """Seconds of the convolutions of a step and their GFLOP/s, by kind of call."""
    calls = {"generator": (2, 1, 1), "critic": (3, 3, 2)}
    kinds = ("forward", "input_gradient", "kernel_gradient")
    seconds, products = dict.fromkeys(kinds, 0.0), dict.fromkeys(kinds, 0.0)
    dtype = keras.config.dtype_policy().compute_dtype
    for (network, kind, height, channels, filters, kernel), count in layers(arguments):
        side = height + 1 if kind == "down" else height  # after the filter
        x = tf.cast(tf.random.normal((arguments.batch, side, side, channels)), dtype)
        w = tf.cast(tf.random.normal((kernel, kernel, channels, filters)), dtype)
        functions = bare_calls(kind, x, w)
        for name, times, taken in zip(kinds, calls[network], best(arguments, *functions), strict=True):
            seconds[name] += times * taken
            products[name] += times * count * arguments.batch
    rates = {f"bare_{name}_gflops": round(2e-9 * products[name] / seconds[name], 1) for name in kinds}
    return {"bare_step_s": round(sum(seconds.values()), 3), **rates}


def bare_calls(kind, x, w):
    """Forward, gradient of the input, gradient of the kernel, as TensorFlow's own operations on ready tensors."""
    strides, padding = (1, "SAME") if kind == "same" else (2, "VALID")
    options = {"strides": [1, strides, strides, 1], "padding": padding}
    raw = tf.raw_ops
    if kind != "up":
        y = tf.random.normal(tf.nn.conv2d(x, w, strides, padding).shape)
        y = tf.cast(y, x.dtype)
        return (
            lambda: raw.Conv2D(input=x, filter=w, **options),
            lambda: raw.Conv2DBackpropInput(input_sizes=x.shape, filter=w, out_backprop=y, **options),
            lambda: raw.Conv2DBackpropFilter(input=x, filter_sizes=w.shape, out_backprop=y, **options),
        )
    # A transposed convolution is the input's gradient of one that goes the other way, and vice versa.
    w = tf.transpose(w, (0, 1, 3, 2))
    shape = (x.shape[0], 2 * x.shape[1] + 1, 2 * x.shape[2] + 1, w.shape[2])
    y = tf.cast(tf.random.normal(shape), x.dtype)
    return (
        lambda: raw.Conv2DBackpropInput(input_sizes=shape, filter=w, out_backprop=x, **options),
        lambda: raw.Conv2D(input=y, filter=w, **options),
        lambda: raw.Conv2DBackpropFilter(input=y, filter_sizes=w.shape, out_backprop=x, **options),
    )


def grouped():
    """The grouped form on oneDNN's grouped convolution; Keras would compile one with XLA, which is slower on a CPU."""
    return grouped_form(lambda x, kernel, padding: tf.nn.conv2d(x, kernel, 1, padding.upper()))


def generation(arguments):
    model = networks(arguments)
    latents = tf.random.normal((arguments.batch, model.generator.latent_dim))
    functions = []
    for form in (contextlib.nullcontext, grouped):
        with form():
            functions.append(tf.function(model.generator.__call__, autograph=False).get_concrete_function(latents))
    ours, theirs = best(arguments, *(lambda f=f: f(latents) for f in functions))
    return {"generation_s": ours, "grouped_generation_s": theirs, "generation_of_grouped": round(ours / theirs, 3)}


def steps(arguments):
    """Steps without penalties, of both forms."""
    batch, functions = images(arguments), []
    for form in (contextlib.nullcontext, grouped):
        step = networks(arguments, gamma=0.0, path_length_weight=0.0).make_step()
        with form():
            step(batch)  # traces
        functions.append(lambda step=step: step(batch))
    ours, theirs = best(arguments, *functions)
    return {"step_s": ours, "grouped_step_s": theirs, "step_of_grouped": round(ours / theirs, 3)}


def penalties(arguments):
    """R1 and path length with their gradients, as an update takes them when they are due."""
    model = networks(arguments, gamma=1.0)
    batch = {name: tf.convert_to_tensor(value) for name, value in model.draw(images(arguments)).items()}

    def of(loss, network):
        @tf.function(autograph=False)
        def evaluate():
            _, _, gradients = value_and_gradients(
                lambda: (tf.reduce_mean(loss(batch)), ()), network.trainable_variables
            )
            return tf.add_n([tf.reduce_sum(g) for g in gradients])

        return evaluate

    r1, path_length = best(arguments, of(model.r1, model.critic), of(model.path_length, model.generator))
    return {"r1_s": r1, "path_length_s": path_length}


def operations(arguments):
    """Share of the busy time of a step without penalties that each kind of operation takes, largest first."""
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    step, batch = networks(arguments, gamma=0.0, path_length_weight=0.0).make_step(), images(arguments)
    step(batch)
    with tempfile.TemporaryDirectory() as folder:
        with tf.profiler.experimental.Profile(folder):
            step(batch)
        (path,) = glob.glob(f"{folder}/**/*.xplane.pb", recursive=True)
        space = xplane_pb2.XSpace.FromString(Path(path).read_bytes())
    totals = {}
    for plane in space.planes:
        for line in plane.lines:
            for event in line.events:
                # "name:Kind" is an operation, "Scope::Function" a thread at its work
                name, _, kind = plane.event_metadata[event.metadata_id].name.partition(":")
                if name and kind.isidentifier():
                    totals[kind] = totals.get(kind, 0) + event.duration_ps
    whole = sum(totals.values())
    ranked = sorted(totals.items(), key=lambda item: -item[1])[:15]
    return {kind: round(value / whole, 3) for kind, value in ranked}


def one_row(arguments):
    step, batch = networks(arguments).make_step(), images(arguments)
    start = time.perf_counter()
    step(batch)  # R1 and path length are due in the first step, which so has the peak
    first = time.perf_counter() - start
    (taken,) = best(arguments, lambda: step(batch))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"best_step_s": taken, "first_step_s": round(first, 1), "peak_memory_gib": round(peak, 2)}


def table(arguments):
    rows = []
    for entry in arguments.table.split(","):
        size, batch = entry.split("x")
        options = {"size": size, "batch": batch, "repeats": arguments.repeats, "precision": arguments.precision}
        options |= {"channel-base": arguments.channel_base, "channel-max": arguments.channel_max}
        command = [sys.executable, __file__, "--one", *(f"--{name}={value}" for name, value in options.items())]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        rows.append({"size": int(size), "batch": int(batch), **json.loads(done.stdout.splitlines()[-1])})
    return rows


if __name__ == "__main__":
    main()
