"""What each style method adds: every method alone, and all together, for three styles with equal small budgets.

    python benchmarks/style_methods.py --judge JUDGE.py --photographs DIR --content DIR --styles DIR --references DIR \
        --out RUNS

All runs begin with the packaged network and learn the styles as new ones (`new_NAME`), so that no method profits from
what another taught the vectors. `together` has all methods in equal shares of the same weight; `gram+METHOD`, with
`--pairs`, half and half. Beside others, `pixel` has half of the pictures, at twice its weight. The targets of `pixel`
are photographs of CONTENT, painted by optimisation; PHOTOGRAPHS are those that nothing was trained on. Distances of
each method (0 for the painting itself) are those over `--network`, which may be a VGG; scores are of the judge
(`style_quality.py` says what it is). The table goes to standard output. A study that was stopped goes on with the same
command.
"""

from __future__ import annotations

import argparse
import itertools
import shutil
import statistics
import zlib
from pathlib import Path

import numpy as np
from judging import judge_style, load_module, open_run, pictures, print_table, remembered, taken_in_turn, train
from PIL import Image
from record import RESULTS, record

from keras_stylegan.data import read_picture, to_float
from keras_stylegan.files import whole_file

STYLES = ("vangogh_starry_night", "hokusai_great_wave", "munch_scream")
METHODS = ("gram", "mean_std", "sorted", "patch", "pixel")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("judge", "photographs", "content", "styles", "references", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--only", nargs="+", default=STYLES, metavar="STYLE", help="names of pictures in --styles")
    parser.add_argument("--kimg", type=float, default=4.0, help="budget of each run (default %(default)s)")
    parser.add_argument("--pairs", action="store_true", help="also Gram with each of the others")
    parser.add_argument("--targets", type=int, default=6, help="photographs painted a style (default %(default)s)")
    parser.add_argument("--target-steps", type=int, default=400, help="steps of each (default %(default)s)")
    parser.add_argument("--per-style", type=int, default=4, help="photographs judged a style (default %(default)s)")
    parser.add_argument("--network", default="compact", help="of the distances (default %(default)s)")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of all runs")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="DIR", help="where to append the line")
    arguments = parser.parse_args()
    paintings = {name: _picture(arguments.styles, name) for name in arguments.only}
    photographs = pictures(arguments.photographs)
    folder = prepare(arguments, paintings)
    judge, rows = load_module(arguments.judge), {}
    for name, methods in variants(arguments.pairs).items():
        run, sources = arguments.out / name, ["--content", arguments.content, "--styles", folder / "styles"]
        settings = [f"kimg={arguments.kimg}", *settings_of(methods, folder / "targets")]
        train(run, "multistyle", [*settings, *arguments.set], [*map(str, sources), "--from", "multistyle"])
        key = [settings, arguments.set, list(arguments.only), arguments.targets, arguments.target_steps]
        key += [[file.name for file in photographs], arguments.per_style, arguments.network]

        def measured(run=run):
            return measure(run, judge, paintings, photographs, arguments)

        rows[name] = remembered(run / "measured.json", key, measured)
        print(name, rows[name], flush=True)
    print_table(rows)
    judged = min(arguments.per_style, len(photographs))
    figures = {"kimg": arguments.kimg, "styles": list(arguments.only), "network": Path(arguments.network).stem}
    record(
        "style_methods",
        {**figures, "photographs": judged, "rows": rows},
        folder=arguments.results,
    )


def variants(pairs: bool) -> dict[str, dict[str, float]]:
    """Weights of the methods of each run; they sum to 1."""
    alone = {method: {method: 1.0} for method in METHODS}
    both = {f"gram+{method}": {"gram": 0.5, method: 0.5} for method in METHODS[1:]} if pairs else {}
    return alone | both | {"together": {method: 1 / len(METHODS) for method in METHODS}}


def settings_of(methods: dict[str, float], targets: Path) -> list[str]:
    """The settings of a run with these weights of its methods: of `pixel`, over all pictures."""
    settings = []
    if "pixel" in methods:
        share = 1.0 if len(methods) == 1 else 0.5
        methods = methods | {"pixel": methods["pixel"] / share}
        settings = [f"targets={targets}", f"target_probability={share}"]
    return [*settings, "methods=" + ",".join(f"{method}:{weight:.4g}" for method, weight in methods.items())]


def prepare(arguments, paintings) -> Path:
    """Writes the paintings under new names, and the photographs painted by optimisation in each of them."""
    from keras_stylegan.inference.optimization import paint_by_optimization

    # By what they are made from, so that none of another call is taken for one of this.
    files = pictures(arguments.content)
    made_from = [sorted(paintings), arguments.targets, arguments.target_steps]
    made_from += [str(arguments.content.resolve()), *(file.name for file in files)]
    folder = arguments.out / "prepared" / f"{zlib.crc32(repr(made_from).encode()):08x}"
    (folder / "styles").mkdir(parents=True, exist_ok=True)
    chosen = files[:: max(1, len(files) // arguments.targets)][: arguments.targets]
    for name, painting in paintings.items():
        shutil.copyfile(painting, folder / "styles" / f"new_{name}{painting.suffix}")
    for (name, painting), file in itertools.product(paintings.items(), chosen):
        target = folder / "targets" / f"new_{name}" / f"{file.stem}.png"
        if target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        # In the sizes of training: strokes are at most a quarter larger than those that the other methods see.
        photo, picture = (Image.fromarray(read_picture(path, side)) for path, side in ((file, 320), (painting, 256)))
        painted, _ = paint_by_optimization(photo, [(picture, 1.0)], size=max(photo.size), steps=arguments.target_steps)
        with whole_file(target) as partial:
            painted.save(partial, "PNG")
    return folder


def measure(run, judge, paintings, photographs, arguments) -> dict[str, float]:
    """The judge's mean score and that of each style, and the distance of every method as means over the styles."""
    from keras_stylegan.losses import style_loss, style_statistics
    from keras_stylegan.models.style_methods import OPTIONS, PATCH_TAPS
    from keras_stylegan.networks import build_perceptual
    from keras_stylegan.networks.perceptual import STYLE_TAPS

    network, perceptual = open_run(run), build_perceptual(arguments.network)
    columns, scores = {method: [] for method in METHODS[:-1]}, {}
    for name, painting in paintings.items():
        painted = []

        def paint(photograph, name=name, painted=painted):
            painted.append(network.stylize(photograph, f"new_{name}"))
            return painted[-1]

        chosen = taken_in_turn(photographs, name, arguments.per_style)
        scores[name] = judge_style(judge, paint, painting, chosen, arguments.references)["score"]
        style = perceptual(to_float(read_picture(painting, 256))[None])
        for picture in painted:
            features = perceptual(to_float(np.asarray(picture))[None])
            for method in METHODS[:-1]:
                taps = PATCH_TAPS if method == "patch" else STYLE_TAPS
                target = style_statistics(style, method, taps, **OPTIONS.get(method, {}))
                columns[method].append(float(style_loss(style_statistics(features, method, taps), target, method)[0]))
    distances = {name: round(statistics.mean(values), 3) for name, values in columns.items()}
    return {"score": round(statistics.mean(scores.values()), 3), **scores, **distances}


def _picture(folder, name):
    found = [file for file in pictures(folder) if file.stem == name]
    if not found:
        raise SystemExit(f"--styles must hold a picture of every style. Received: {folder} without {name}")
    return found[0]


if __name__ == "__main__":
    main()
