"""Style quality of the packaged network by a judge module: the median and the worst over its styles.

    python benchmarks/style_quality.py --judge JUDGE.py --photographs DIR --styles DIR --references DIR

JUDGE.py is a module with `load`, `gatys(content, style)` and `judge(output, content, style, reference)`, whose score
is 1 for Gatys' optimisation and 0 for colour alone. Photographs are those that the network was not trained on; each
style is judged on `--per-style` of them, taken in turn, and its score is the median. References take a minute each
and are kept as PNG in `--references`. Bars: median over the styles at least 0.8, worst 0.5. Blobs a picture are
counted in what the network painted and in the references.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

from judging import judge_style, load_module, pictures, taken_in_turn
from record import record

import keras_stylegan


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
    files = pictures(arguments.photographs)
    rows = {}
    for name in network.styles:
        if arguments.only and name not in arguments.only:
            continue
        chosen = taken_in_turn(files, name, arguments.per_style)
        painting, known = arguments.styles / f"{name}.jpg", arguments.known_references

        def paint(photograph, style=name):
            return network.stylize(photograph, style)

        row = judge_style(judge, paint, painting, chosen, arguments.references, known)
        if row is not None:
            rows[name] = row
            print(name, row, flush=True)
    scores = [row["score"] for row in rows.values()]
    figures = {"styles": len(rows), "median": round(statistics.median(scores), 3), "worst": min(scores)}
    for key in ("blobs", "reference_blobs"):
        whole = sum(row[key] * row["photographs"] for row in rows.values())
        figures[key] = round(whole / sum(row["photographs"] for row in rows.values()), 3)
    record("style_quality", figures | {"rows": rows})


if __name__ == "__main__":
    main()
