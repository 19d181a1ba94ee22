"""Style quality of the packaged network by a judge module: the median and the worst over its styles.

    python benchmarks/style_quality.py --judge JUDGE.py --photographs DIR --styles DIR --references DIR

JUDGE.py is a module with `load`, `gatys(content, style)` and `judge(output, content, style, reference)`, whose score
is 1 for Gatys' optimisation and 0 for colour alone. Photographs are those that the network was not trained on; each
style is judged on `--per-style` of them, taken in turn, and its score is the median. References take a minute each
and are kept as PNG in `--references`. Bars: median over the styles at least 0.7, worst at least 0.4.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
from pathlib import Path

import numpy as np
from PIL import Image
from record import record

import keras_stylegan
from keras_stylegan.files import whole_file


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--judge", "--photographs", "--styles", "--references"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--per-style", type=int, default=8)
    parser.add_argument("--only", nargs="*", help="names of styles, all by default")
    parser.add_argument("--known-references", action="store_true", help="judge only where a reference is at hand")
    arguments = parser.parse_args()

    judge = load_module(arguments.judge)
    network = keras_stylegan.load()
    files = sorted(path for path in arguments.photographs.iterdir() if path.suffix in (".jpg", ".png"))
    arguments.references.mkdir(parents=True, exist_ok=True)
    rows = {}
    for number, name in enumerate(network.styles):
        if arguments.only and name not in arguments.only:
            continue
        style = judge.load(arguments.styles / f"{name}.jpg", 256)
        results = []
        for turn in range(min(arguments.per_style, len(files))):
            file = files[(number + turn) % len(files)]
            cached = arguments.references / f"{name}-{file.stem}.png"
            if not cached.exists() and arguments.known_references:
                continue
            content = judge.load(file, 256)
            if not cached.exists():
                with whole_file(cached) as partial:
                    Image.fromarray(np.uint8(judge.gatys(content, style) * 255)).save(partial)
            reference = judge.load(cached, size=(content.shape[1], content.shape[0]))
            painted = network.stylize(Image.fromarray(np.uint8(np.rint(content * 255))), name)
            results.append(judge.judge(np.asarray(painted, "float32") / 255, content, style, reference))
        if results:
            keys = ("score", "share", "agreement", "leakage", "style", "reference_style", "reference_agreement")
            rows[name] = {key: round(statistics.median(r[key] for r in results), 3) for key in keys}
            rows[name]["photographs"] = len(results)
            print(name, rows[name], flush=True)
    scores = [row["score"] for row in rows.values()]
    figures = {"styles": len(rows), "median": round(statistics.median(scores), 3), "worst": min(scores), "rows": rows}
    record("style_quality", figures)


def load_module(path):
    spec = importlib.util.spec_from_file_location("judge", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
