"""What the adversarial term buys: lambda 0, fixed, balanced, and with smoothed paintings, at the same budget.

    python benchmarks/adversarial_term.py --judge JUDGE.py --photographs DIR --content DIR --styles DIR \
        --references DIR --out RUNS

All runs begin with the packaged network and its vectors. `none` has lambda = 0; `fixed` the lambda of `--fixed`;
`balanced` gives the adversarial term `--balanced` times the gradient of all other terms, picture by picture; with
`--smoothed` styles (cartoons, whose outlines are to be clear) `smoothed` is `balanced` with their edge-smoothed
paintings among the critic's negatives. On photographs that nothing was trained on every row is judged by

- the deception rate: how many pictures a classifier of styles takes for the style that they were painted in. It was not
  trained against: it looks through the judge's own network (`squeeze`) and learns from crops of all paintings in
  `--styles`; its accuracy on halves of the paintings that it did not learn from is the upper end of the scale;
- the judge's score (`style_quality.py`), the median over the styles and the worst;
- the probes for blobs (mean number a picture) and checkerboards (the greatest energy; 1 is clean);
- of the smoothed styles alone the deception rate and the score, and how sharp their edges are: the slope of the luma,
  in grey levels a pixel, that 2 % of a picture's pixels exceed (that of the paintings stands in the record).

`OUT/sheet.jpg` shows the rows side by side. A study that was stopped goes on with the same command.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

import numpy as np
from judging import judge_style, load_module, open_run, pictures, print_table, remembered, taken_in_turn, train
from PIL import Image
from record import RESULTS, record

from keras_stylegan.inference.contact_sheet import contact_sheet
from keras_stylegan.metrics import StyleClassifier, blob_outliers, checkerboard_energy
from keras_stylegan.metrics.artefacts import luma

# A third of the recipe's: the network is trained already.
LEARNING_RATE = 7e-4
SHOWN_PHOTOGRAPHS, SHOWN_STYLES, TILE = 2, 6, 256


class JudgesEye:
    """Features of a judge module's network, for `StyleClassifier`."""

    def __init__(self, judge):
        self.judge = judge

    def features(self, picture):
        """Features by layer, each `(1, height, width, channels)`, of a uint8 array `(height, width, 3)`."""
        found = self.judge.squeeze(np.asarray(picture, "float32")[None] / 255)
        return {layer: np.asarray(found[layer]) for layer in self.judge.SL}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("judge", "photographs", "content", "styles", "references", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--only", nargs="*", metavar="STYLE", help="names of styles, all by default")
    parser.add_argument("--kimg", type=float, default=16.0, help="budget of each run (default %(default)s)")
    parser.add_argument("--fixed", type=float, default=0.02, help="lambda of `fixed` (default %(default)s)")
    parser.add_argument("--balanced", type=float, default=0.2, help="share of `balanced` (default %(default)s)")
    parser.add_argument("--smoothed", nargs="*", default=[], metavar="STYLE", help="names of the cartoons")
    parser.add_argument("--per-style", type=int, default=4, help="photographs judged a style (default %(default)s)")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of all runs")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="DIR", help="where to append the line")
    arguments = parser.parse_args()
    paintings = {file.stem: file for file in pictures(arguments.styles)}
    folder, names = choose(arguments, paintings), arguments.only or list(paintings)
    photographs = pictures(arguments.photographs)
    judge, rows = load_module(arguments.judge), {}
    seen = {name: np.asarray(Image.open(file).convert("RGB")) for name, file in paintings.items()}
    classifier = StyleClassifier(JudgesEye(judge), {name: small(picture) for name, picture in seen.items()})
    sources = ["--content", str(arguments.content), "--styles", str(folder), "--from", "multistyle"]
    shown = {}
    for variant, settings in variants(arguments).items():
        run = arguments.out / variant
        budget = [f"kimg={arguments.kimg}", f"learning_rate={LEARNING_RATE}"]
        train(run, "multistyle", [*budget, *settings, *arguments.set], sources)
        network = open_run(run)
        judged = [list(paintings), names, arguments.smoothed, [file.name for file in photographs], arguments.per_style]
        key = [settings, arguments.kimg, arguments.set, *judged]

        def measured(network=network):
            chosen = {name: (paintings[name], taken_in_turn(photographs, name, arguments.per_style)) for name in names}
            return measure(network, judge, classifier, chosen, arguments.references, arguments.smoothed)

        rows[variant] = remembered(run / "measured.json", key, measured)
        shown[variant] = network
        print(variant, rows[variant], flush=True)
    print_table(rows)
    draw(arguments.out / "sheet.jpg", shown, names[:SHOWN_STYLES], photographs[:SHOWN_PHOTOGRAPHS])
    figures = {"kimg": arguments.kimg, "fixed": arguments.fixed, "balanced": arguments.balanced, "styles": len(names)}
    accuracy = {"classes": len(paintings), "classifier_accuracy": round(classifier.accuracy, 3)}
    smoothed = [small(seen[name]) for name in arguments.smoothed]
    sharp = {"smoothed_paintings_edges": edges(smoothed)} if smoothed else {}
    record("adversarial_term", {**figures, **accuracy, **sharp, "rows": rows}, folder=arguments.results)


def variants(arguments) -> dict[str, list[str]]:
    """Settings of each run."""
    balanced = [f"critic_weight={arguments.balanced}", "critic_balanced=1"]
    runs = {"none": ["critic_weight=0"], "fixed": [f"critic_weight={arguments.fixed}"], "balanced": balanced}
    if arguments.smoothed:
        runs["smoothed"] = [*balanced, "smoothed=" + ",".join(f"{name}:1" for name in arguments.smoothed)]
    return runs


def choose(arguments, paintings) -> Path:
    """A folder with the styles asked for."""
    unknown = sorted({*(arguments.only or []), *arguments.smoothed} - set(paintings))
    if unknown:
        raise SystemExit(f"--styles must hold a picture of every style. Received: none of {', '.join(unknown)}")
    if not arguments.only:
        return arguments.styles
    left_out = sorted(set(arguments.smoothed) - set(arguments.only))
    if left_out:
        raise SystemExit(f"--smoothed must be among those of --only. Received: {', '.join(left_out)}")
    folder = arguments.out / "chosen_styles"
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.iterdir():  # of an earlier call
        if file.stem not in arguments.only:
            file.unlink()
    for name in arguments.only:
        (folder / paintings[name].name).write_bytes(paintings[name].read_bytes())
    return folder


def small(picture: np.ndarray, short: int = 256) -> np.ndarray:
    """A painting at the size at which pictures are judged."""
    image = Image.fromarray(picture)
    factor = short / min(image.size)
    return np.asarray(image.resize([round(side * factor) for side in image.size], Image.Resampling.LANCZOS))


def edges(paintings) -> float:
    """Mean over pictures of the slope of the luma, in grey levels a pixel, that 2 % of the pixels exceed."""
    slopes = [np.hypot(*np.gradient(luma(picture))) for picture in paintings]
    return round(float(np.mean([np.percentile(slope, 98) for slope in slopes])), 2)


def measure(network, judge, classifier, chosen, references, smoothed) -> dict[str, float | dict]:
    """One row of the table; `chosen` has a painting and photographs by style."""
    scores, by_style, sharp, blobs, boards = {}, {name: [] for name in chosen}, [], [], []
    for name, (painting, photographs) in chosen.items():

        def paint(photograph, name=name):
            painted = network.stylize(photograph, name)
            pixels = np.asarray(painted)
            by_style[name].append(classifier.classify(classifier.distances.features(pixels)) == name)
            if name in smoothed:
                sharp.append(pixels)
            blobs.append(blob_outliers(pixels, np.asarray(photograph)))
            boards.append(checkerboard_energy(pixels))
            return painted

        scores[name] = judge_style(judge, paint, painting, photographs, references)["score"]
    of_smoothed = {}
    if smoothed:
        of_smoothed = {
            "smoothed deception": round(float(np.mean([by_style[name] for name in smoothed])), 3),
            "smoothed score": round(statistics.mean(scores[name] for name in smoothed), 3),
            "smoothed edges": edges(sharp),
        }
    return {
        "deception rate": round(float(np.mean(list(by_style.values()))), 3),
        "score": round(statistics.median(scores.values()), 3),
        "worst score": min(scores.values()),
        "blobs": round(float(np.mean(blobs)), 3),
        "checkerboard": round(max(boards), 2),
        **of_smoothed,
        "scores": scores,
    }


def draw(file: Path, networks, names, photographs) -> None:
    """Photograph and style a line, a run a column."""
    tiles = []
    for path in photographs:
        photograph = Image.fromarray(small(np.asarray(Image.open(path).convert("RGB"))))
        for name in names:
            tiles.append((photograph, name))
            tiles += [(network.stylize(photograph, name), variant) for variant, network in networks.items()]
    contact_sheet(tiles, columns=len(networks) + 1, tile=TILE).save(file, quality=92)


if __name__ == "__main__":
    main()
