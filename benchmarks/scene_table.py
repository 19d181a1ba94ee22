"""Which GAN for natural scenes: DCGAN, WGAN-GP, and StyleGAN2 with two losses, trained for the same time, side by side.

    python benchmarks/scene_table.py --real VAL.zip --train TRAIN.zip --weights MOBILENET.npz --out DIR
        [--hours 2] [--points 4] [--only SYSTEM ...] [--set key=value ...]

trains each system into DIR/SYSTEM for `--hours` of training time, all on the same pictures, classes and device. They
take turns: a quarter of the time each (with four `--points`), then scores of all (scene_scores.py), then the next
quarter, so that what else the machine does falls on all alike, and the table shows how the scores move with images
and hours. Each point adds one line to DIR/scene_table.jsonl and renews the system's grid and sheet of nearest
neighbours in DIR/sheets. Ctrl-C or SIGTERM end it after a step; the same command goes on where it was. With more
`--hours` and as many points more, it goes on from what was trained.

The lines belong to the runs, so they stay beside them; what README says is a copy of the file in benchmarks/results.
`--table` prints what there is, Fréchet distances also as a share of DCGAN's at the same time.
`--set` changes a setting of all systems, such as `precision=mixed_bfloat16`.

Bars for the StyleGAN2 that ships: Fréchet distance at most 0.6 of DCGAN's at equal time, agreement with the class at
least 0.8 of that on real pictures, recall at least 0.2.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import warnings
from pathlib import Path

from record import record
from scene_quality import progress
from scene_scores import SceneScores

from keras_stylegan import cli
from keras_stylegan.inference.generator import open_generator

# By the names in the table. The last is not of the same footing: its critic has seen other pictures.
SYSTEMS = {
    "DCGAN": "dcgan_scenes",
    "WGAN-GP": "wgan_gp_scenes",
    "StyleGAN2-NS-R1": "stylegan2_scenes",
    "StyleGAN2-RpGAN-R1-R2": "stylegan2_scenes_relativistic",
    "StyleGAN2-projected": "stylegan2_scenes_projected",
}
EQUAL = tuple(SYSTEMS)[:4]
BASELINE = EQUAL[0]
CLASSES = ("forest", "glacier", "mountain", "sea")
# More than any of them sees: the hours end a run.
KIMG = 1_000_000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    for name in ("--real", "--train", "--weights"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--hours", type=float, default=2.0, help="of training of each system (default: %(default)s)")
    parser.add_argument("--points", type=int, default=4, help="in time at which all are scored (default: %(default)s)")
    parser.add_argument("--only", nargs="+", choices=SYSTEMS, default=EQUAL, metavar="SYSTEM", help=", ".join(SYSTEMS))
    parser.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], help="of all systems; repeatable")
    parser.add_argument("--n", type=int, default=2000, help="pictures scored (default: %(default)s)")
    parser.add_argument("--table", action="store_true", help="print what there is")
    arguments = parser.parse_args()
    file = arguments.out / "scene_table.jsonl"
    if not arguments.table:
        if missing := [name for name in ("real", "train", "weights") if getattr(arguments, name) is None]:
            parser.error(f"--{missing[0]} is needed to train and score")
        if arguments.points < 1 or not arguments.hours > 0:
            parser.error("--hours and --points must be positive")
        arguments.out.mkdir(parents=True, exist_ok=True)
        run(arguments, file)
    print_table(lines(file))


def run(arguments: argparse.Namespace, file: Path) -> None:
    """Trains and scores what has no line yet."""
    warnings.filterwarnings("ignore", message=".*2,?048.*")
    scores = None
    for point in range(1, arguments.points + 1):
        limit = round(arguments.hours * point / arguments.points, 6)
        for system in arguments.only:
            known = [line for line in lines(file) if line["system"] == system]
            if any(line["limit"] == limit or "diverged" in line for line in known):
                continue
            print(f"{system}: to {limit:g} hours", flush=True)
            figures = {"system": system, "limit": limit, "preset": SYSTEMS[system], "set": arguments.set}
            if train(system, limit, arguments):
                scores = scores or SceneScores(arguments.real, arguments.train, arguments.weights, list(CLASSES))
                figures |= measure(system, scores, arguments)
            else:
                figures["diverged"] = True
            record("scene_table", figures, ("keras",), arguments.out)
            gc.collect()  # networks and their graphs refer to each other


def measure(system: str, scores: SceneScores, arguments: argparse.Namespace) -> dict:
    """Scores of a system as far as it has been trained, and of real pictures beside it."""
    folder = arguments.out / system
    found = scores.of_generator(open_generator(folder), arguments.n, arguments.out / "sheets" / system)
    protocol = {"real_scores": scores.of_real(arguments.n), **scores.protocol(arguments.n)}
    return {**progress(folder), **found, **protocol}


def train(system: str, limit: float, arguments: argparse.Namespace) -> bool:
    """Trains a system until it has had so many hours; false where its gradients stay non-finite.

    Raises:
        SystemExit: where it was stopped, or the call was wrong.
    """
    settings = [f"hours={limit}", f"kimg={KIMG}", *arguments.set]
    call = ["train", SYSTEMS[system], "--data", str(arguments.train), "--out", str(arguments.out / system), "--resume"]
    code = cli.main([*call, *(text for setting in settings for text in ("--set", setting))])
    if code > 1:
        sys.exit(code)
    return code == 0


def lines(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []


def print_table(points: list[dict]) -> None:
    """A row a point in time and system, in the order of the time."""
    print("\n| system | hours | kimg | FD-mobilenet | of DCGAN's | KID | precision | recall | class agreement |")
    print("|---|---|---|---|---|---|---|---|---|")
    scored = [point for point in points if "diverged" not in point]
    baselines = {point["limit"]: point["fd"] for point in scored if point["system"] == BASELINE}
    for point in sorted(points, key=lambda point: (point["limit"], list(SYSTEMS).index(point["system"]))):
        if "diverged" in point:
            print(f"| {point['system']} | {point['limit']:.2f} | diverged | | | | | | |")
            continue
        baseline = baselines.get(point["limit"])
        share = f"{point['fd'] / baseline:.2f}" if baseline else ""
        print(
            f"| {point['system']} | {point['hours']:.2f} | {point['kimg']:.0f} | {point['fd']:.1f} | {share} | "
            f"{point['kid']:.4f} | {point['precision']:.2f} | {point['recall']:.2f} | {point['class_agreement']:.2f} |"
        )
    for real in [point["real_scores"] for point in scored][:1]:
        print(
            f"| real pictures | | | {real['fd']:.1f} | | {real['kid']:.4f} | {real['precision']:.2f} | "
            f"{real['recall']:.2f} | 1.00 |"
        )


if __name__ == "__main__":
    main()
