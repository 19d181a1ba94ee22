"""The style predictor on paintings that it was not trained on: one pass, and after refinement.

    python benchmarks/style_predictor.py --judge JUDGE.py --photographs DIR --paintings DIR --references DIR \
        [--run RUN] [--refine 60]

PAINTINGS holds pictures of other styles than those of the training; any that the predictor knows are left out and
named. The predictor is the packaged one, or that of a run of `train style_predictor` for the packaged network. Scores
are of the judge (`style_quality.py`). Bars: median at least 0.4 in one pass, at least 0.65 after `--refine 60`.
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path

import numpy as np
from judging import judge_style, load_module, pictures, taken_in_turn
from record import RESULTS, record

from keras_stylegan import inference, pretrained


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("judge", "photographs", "paintings", "references"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--run", type=Path, help="run of style_predictor (default: the packaged predictor)")
    parser.add_argument("--refine", type=float, default=60.0, metavar="SECONDS", help="0 for none (default 60)")
    parser.add_argument("--per-style", type=int, default=4, help="photographs judged a painting (default %(default)s)")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="DIR", help="where to append the line")
    arguments = parser.parse_args()
    network, known = open_network(arguments.run)
    files = pictures(arguments.paintings)
    left_out = [file.stem for file in files if file.stem in known]
    files = [file for file in files if file.stem not in known]
    if not files:
        raise SystemExit("--paintings must hold one that the predictor was not trained on. Received: none")
    judge, rows = load_module(arguments.judge), {}
    for file in files:
        photographs = taken_in_turn(pictures(arguments.photographs), file.stem, arguments.per_style)

        def paint(photograph, style=str(file)):
            return network.stylize(photograph, style)

        rows[file.stem] = {"one pass": judge_style(judge, paint, file, photographs, arguments.references)["score"]}
        if arguments.refine:
            network.refine(file, arguments.refine)
            score = judge_style(judge, paint, file, photographs, arguments.references)["score"]
            rows[file.stem]["refined"] = score
        print(file.stem, rows[file.stem], flush=True)
    medians = {
        kind: round(statistics.median(row[kind] for row in rows.values()), 3) for kind in next(iter(rows.values()))
    }
    figures = {"paintings": len(rows), "left_out": left_out, "refine_seconds": arguments.refine, "median": medians}
    record("style_predictor", {**figures, "rows": rows}, folder=arguments.results)


def open_network(run: Path | None):
    """The packaged network with a predictor, and the names of the paintings that the predictor was trained on."""
    entry = pretrained.network_entry("multistyle")
    styles = [style["name"] for style in entry["styles"]]
    if run is None:
        if "predictor" not in entry:
            raise SystemExit("the package has no predictor: name a run of `train style_predictor` by --run")
        return inference.load(), set(entry["predictor"]["paintings"])
    from keras_stylegan.inference.style_pictures import prepare_style_picture, read_style_picture
    from keras_stylegan.keras_files import load_network

    facts = json.loads((run / "config.json").read_text(encoding="utf-8"))["facts"]
    if facts["network"]["style_space"] != entry["style_space"]:
        raise SystemExit(f"--run must be for the packaged network. Received: {run}")
    predictor = load_network(run / "predictor.keras")

    def predict(path):
        picture = prepare_style_picture(read_style_picture(path))
        return np.asarray(predictor(picture[None].astype("float32") / 127.5 - 1))[0]

    runtime = inference.LiteRTRuntime(pretrained.read_weights(entry["litert"]), entry["stride"])
    return inference.Stylizer(runtime, styles, entry["working_size"], predict=predict), set(facts["paintings"])


if __name__ == "__main__":
    main()
