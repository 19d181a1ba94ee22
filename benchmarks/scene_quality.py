"""Quality of scenes from noise: Fréchet distance, KID, precision, recall, and whether a class looks like its name.

    python benchmarks/scene_quality.py RUN... --real VAL.zip --train TRAIN.zip --weights MOBILENET.npz [--sheet DIR]

Each RUN is a run directory of a class-conditional GAN, or the name of a packaged generator; its averaged generator
makes `--n` pictures, the classes in turns, without truncation. They are compared with the pictures of the same classes
in VAL.zip, which nothing was trained on, over MobileNet's features, which no loss looks at. A ridge classifier on those
features, fitted to real pictures of TRAIN.zip, says which class a picture shows: its accuracy on VAL.zip is what a
perfect generator could reach. The first row, real pictures of TRAIN.zip in place of generated ones, is where the scale
ends. Of style-based generators the perceptual path length is told too. `--sheet` writes, for each run, a grid by
classes, and a sheet of generated pictures above their nearest neighbours in TRAIN.zip.

Bars: Fréchet distance at most 0.6 of DCGAN's at equal time (scene_table.py), agreement with the class at least 0.8 of
that on real pictures, recall at least 0.2.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

from record import record
from scene_scores import SceneScores

from keras_stylegan.evaluation import evaluate_path_length
from keras_stylegan.exporters.package_files import training_command
from keras_stylegan.inference.generator import open_generator
from keras_stylegan.run_records import read_config, state_of_network


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", metavar="RUN")
    for name in ("--real", "--train", "--weights"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--n", type=int, default=2000, help="pictures of each run (default: %(default)s)")
    parser.add_argument("--sheet", type=Path, metavar="DIR")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", message=".*2,?048.*")

    generators = {run: open_generator(run) for run in arguments.runs}
    classes = next(iter(generators.values())).classes
    for run, generator in generators.items():
        if not classes or generator.classes != classes:
            raise SystemExit(f"{run}: has the classes {generator.classes}, the first run {classes}")
    scores = SceneScores(arguments.real, arguments.train, arguments.weights, classes)
    rows = {"real": scores.of_real(arguments.n)}
    for run, generator in generators.items():
        name = Path(run).name
        rows[name] = scores.of_generator(generator, arguments.n, arguments.sheet and arguments.sheet / name)
        keras_generator = open_generator(run, "keras")
        if hasattr(keras_generator.network, "map_latents"):
            lengths = evaluate_path_length(keras_generator).tables["Scores"]["PPL-compact (w, end)"]
            rows[name]["ppl_compact"] = round(lengths["score"], 2)
        if Path(run).is_dir():
            rows[name] |= {**progress(Path(run)), "made_by": recipe(Path(run))}
        print(name, rows[name], flush=True)
    record("scene_quality", {**scores.protocol(arguments.n), "rows": rows}, ("keras", "tensorflow"))


def recipe(run: Path) -> str:
    """The command that made a run, but for where its data lies."""
    config = read_config(run)
    start = Path(config["settings"].get("start_from", "")).name
    return training_command(config["settings"], config["system"], start=start)


def progress(run: Path) -> dict[str, float]:
    """How long the network in a run directory has been trained."""
    images_seen, last = state_of_network(run)
    return {"kimg": images_seen / 1000, "hours": round(last.get("seconds", 0.0) / 3600, 3)}


if __name__ == "__main__":
    main()
