"""Own styles: how long `add-style` takes, and what share of the score of a bank style of like texture it reaches.

    python benchmarks/own_style.py --judge JUDGE.py --photographs DIR --styles DIR --references DIR

Learns every picture of `--styles` that the packaged network was not trained on (or those of `--only`) by
`keras-stylegan add-style` in a process of its own, and judges it (`style_quality.py`) beside the bank's style whose
painting has the nearest Gram matrices, on the same photographs. Bars: at most 5 minutes on two cores, at least 0.9 of
that style's score.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from judging import judge_style, load_module, pictures, taken_in_turn
from record import RESULTS, record

import keras_stylegan
from keras_stylegan.data import read_picture


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("judge", "photographs", "styles", "references"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--only", nargs="*", metavar="STYLE", help="names of pictures in --styles")
    parser.add_argument("--per-style", type=int, default=4, help="photographs judged a style (default %(default)s)")
    parser.add_argument("--content", type=Path, metavar="DIR", help="photographs to practise on (default: packaged)")
    parser.add_argument("--steps", type=int, default=600, help="of add-style (default %(default)s)")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="DIR", help="where to append the line")
    arguments = parser.parse_args()
    judge, bank = load_module(arguments.judge), keras_stylegan.load().styles
    paintings = {file.stem: file for file in pictures(arguments.styles)}
    new = [name for name in paintings if name not in bank and (not arguments.only or name in arguments.only)]
    if not new:
        raise SystemExit("--styles must hold a picture of a style that is not in the bank (--only names some)")
    photographs = pictures(arguments.photographs)
    alike = nearest(paintings, new, [name for name in bank if name in paintings])
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in new:
            file = Path(folder) / f"{name}.safetensors"
            seconds = learn(paintings[name], file, arguments)
            network = keras_stylegan.load(banks=[file])
            scores = []
            for style, painting in ((f"own_{name}", name), (alike[name], alike[name])):

                def paint(photograph, style=style, network=network):
                    return network.stylize(photograph, style)

                chosen = taken_in_turn(photographs, alike[name], arguments.per_style)
                row = judge_style(judge, paint, paintings[painting], chosen, arguments.references)
                scores.append(row["score"])
            rows[name] = {"seconds": round(seconds), "score": scores[0], "like": alike[name], "its_score": scores[1]}
            rows[name]["ratio"] = round(scores[0] / scores[1], 3) if scores[1] > 0 else None
            print(name, rows[name], flush=True)
    figures = {"steps": arguments.steps, "photographs": min(arguments.per_style, len(photographs)), "rows": rows}
    record("own_style", figures, ("keras", "tensorflow"), folder=arguments.results)


def learn(painting: Path, bank: Path, arguments) -> float:
    """Learns a picture's style; returns the seconds of the whole command."""
    command = [sys.executable, "-m", "keras_stylegan.cli", "add-style", str(painting), "--name", f"own_{painting.stem}"]
    command += ["--bank", str(bank), "--steps", str(arguments.steps)]
    command += ["--content", str(arguments.content)] if arguments.content else []
    begun = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - begun


def nearest(paintings, new, known) -> dict[str, str]:
    """For each new painting the known one with the nearest Gram matrices, through the packaged perceptual network."""
    from keras_stylegan.metrics import TransferDistances
    from keras_stylegan.networks import build_perceptual

    distances = TransferDistances(build_perceptual("compact"), "compact")
    features = {name: distances.features(read_picture(paintings[name], 256)) for name in {*new, *known}}
    return {n: min(known, key=lambda style, own=n: distances.style(features[own], features[style])) for n in new}


if __name__ == "__main__":
    main()
