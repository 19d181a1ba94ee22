"""Training speed of the multistyle recipe: images a second, share of the perceptual network, waiting for data.

    python benchmarks/training_speed.py --content DIR --styles DIR [--set key=value ...]

The share of the perceptual network is the time of its forward pass on the photographs and its forward and backward
pass on the pictures, over the time of the whole step. Bar: waiting for data at most 5 %.
"""

from __future__ import annotations

import argparse
import statistics
import time

import keras
import tensorflow as tf
from record import record

from keras_stylegan.data import Feed
from keras_stylegan.presets import get_preset, with_settings
from keras_stylegan.systems import build


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--content", required=True)
    parser.add_argument("--styles", required=True)
    parser.add_argument("--set", action="append", default=[], metavar="key=value")
    parser.add_argument("--steps", type=int, default=40)
    arguments = parser.parse_args()
    settings = [f"content={arguments.content}", f"styles={arguments.styles}", *arguments.set]
    preset = with_settings(get_preset("multistyle"), settings)
    keras.config.set_dtype_policy(preset.precision)
    system = build(preset)
    feed = Feed(system.batches, threads=preset.data_threads)
    step = system.model.make_step()
    perceptual = system.model.perceptual

    @tf.function
    def perceptual_pass(images):
        wanted = perceptual(images)
        with tf.GradientTape() as tape:
            tape.watch(images)
            total = tf.add_n([tf.reduce_mean(value) for value in perceptual(images).values()])
        return tape.gradient(total, images), wanted

    times = {"step": [], "perceptual": []}
    waited = 0.0
    for index in range(arguments.steps + 2):
        start = time.perf_counter()
        batch = feed[index]
        ready = time.perf_counter()
        step(batch)
        done = time.perf_counter()
        gradient, _ = perceptual_pass(tf.constant(batch["content"]))
        gradient.numpy()
        if index >= 2:
            waited += ready - start
            times["step"].append(done - ready)
            times["perceptual"].append(time.perf_counter() - done)
    feed.close()
    step_time = statistics.median(times["step"])
    figures = {
        "images_per_second": round(preset.batch_size / step_time, 1),
        "perceptual_share": round(statistics.median(times["perceptual"]) / step_time, 3),
        "data_wait_share": round(waited / (waited + sum(times["step"])), 4),
        "batch_size": preset.batch_size,
        "crop_size": preset.crop_size,
        "precision": preset.precision,
    }
    record("training_speed", figures, ("keras", "tensorflow"))


if __name__ == "__main__":
    main()
