"""How the classic GANs learn CIFAR-10: Fréchet distance, KID, precision and recall against the images seen.

    python benchmarks/cifar_curves.py --data TRAIN.zip --real TEST.zip --weights MOBILENET.npz --out DIR
        [--kimg 2000] [--points 4] [--only SYSTEM ...] [--set key=value ...]
    python benchmarks/cifar_curves.py --data tfds:cifar10 --real tfds:cifar10@test ...

trains the recipes of DCGAN, WGAN-GP and SNGAN at 32x32 on `--data` into DIR/SYSTEM, in turns: a quarter of the images
each (with four `--points`), then scores of all, then the next quarter. The averaged generator makes `--n` pictures,
which are compared with those of `--real`, on which nothing trains, over MobileNet's features. An image of WGAN-GP and
SNGAN is seen by one of five updates of the critic. Each point adds one line to DIR/cifar_curves.jsonl; the same command
goes on where it was stopped; `--table` prints what there is. Nothing trained here ships: CIFAR-10 is research data.
"""

from __future__ import annotations

import argparse
import gc
import sys
import warnings
from pathlib import Path

from record import record
from scene_quality import progress
from scene_scores import METRICS, scores_between
from scene_table import lines

from keras_stylegan import cli
from keras_stylegan.data import open_images
from keras_stylegan.inference.generator import open_generator
from keras_stylegan.metrics import build_extractor
from keras_stylegan.metrics.reference import extract

SYSTEMS = {"DCGAN": "dcgan", "WGAN-GP": "wgan_gp", "SNGAN": "sngan"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    for name in ("--data", "--real", "--weights"):
        parser.add_argument(name, metavar="FILE" if name == "--weights" else "SOURCE")
    parser.add_argument("--kimg", type=float, default=2000.0, help="of each system (default: %(default)g)")
    parser.add_argument("--points", type=int, default=4, help="at which all are scored (default: %(default)s)")
    parser.add_argument("--only", nargs="+", choices=SYSTEMS, default=list(SYSTEMS), metavar="SYSTEM")
    parser.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], help="of all systems; repeatable")
    parser.add_argument("--n", type=int, default=2000, help="pictures scored (default: %(default)s)")
    parser.add_argument("--table", action="store_true", help="print what there is")
    arguments = parser.parse_args()
    file = arguments.out / "cifar_curves.jsonl"
    if not arguments.table:
        if missing := [name for name in ("data", "real", "weights") if getattr(arguments, name) is None]:
            parser.error(f"--{missing[0]} is needed to train and score")
        if arguments.points < 1 or not arguments.kimg > 0:
            parser.error("--kimg and --points must be positive")
        arguments.out.mkdir(parents=True, exist_ok=True)
        run(arguments, file)
    print_table(lines(file))


def run(arguments: argparse.Namespace, file: Path) -> None:
    """Trains and scores what has no line yet."""
    warnings.filterwarnings("ignore", message=".*2,?048.*")
    extractor = real = None
    for point in range(1, arguments.points + 1):
        limit = round(arguments.kimg * point / arguments.points, 6)
        for system in arguments.only:
            known = [line for line in lines(file) if line["system"] == system]
            if any(line["limit"] == limit or "diverged" in line for line in known):
                continue
            print(f"{system}: to {limit:g} kimg", flush=True)
            figures = {"system": system, "limit": limit, "preset": SYSTEMS[system], "set": arguments.set}
            if train(system, limit, arguments):
                if extractor is None:
                    extractor = build_extractor("mobilenet", arguments.weights)
                    real = extract(open_images(arguments.real), extractor).features
                pictures = open_generator(arguments.out / system).generate(range(arguments.n))
                figures |= progress(arguments.out / system) | scores_between(real, extractor(pictures)[0])
                figures |= {"extractor": extractor.protocol(), "real": len(real), "generated": arguments.n}
            else:
                figures["diverged"] = True
            record("cifar_curves", figures, ("keras",), arguments.out)
            gc.collect()  # networks and their graphs refer to each other


def train(system: str, limit: float, arguments: argparse.Namespace) -> bool:
    """Trains a system until it has seen so many thousands of images; false where its gradients stay non-finite.

    Raises:
        SystemExit: where it was stopped, or the call was wrong.
    """
    settings = ["size=32,32", f"kimg={limit}", *arguments.set]
    call = ["train", SYSTEMS[system], "--data", arguments.data, "--out", str(arguments.out / system), "--resume"]
    code = cli.main([*call, *(text for setting in settings for text in ("--set", setting))])
    if code > 1:
        sys.exit(code)
    return code == 0


def print_table(points: list[dict]) -> None:
    """A row a point and system, in the order of the images."""
    print("\n| system | kimg | hours | FD-mobilenet | KID | precision | recall |\n|---|---|---|---|---|---|---|")
    for point in sorted(points, key=lambda point: (point["limit"], list(SYSTEMS).index(point["system"]))):
        if "diverged" in point:
            print(f"| {point['system']} | {point['limit']:g} | diverged | | | | |")
            continue
        fd, kid, precision, recall = (point[name] for name in METRICS)
        row = f"{point['kimg']:.0f} | {point['hours']:.2f} | {fd:.1f} | {kid:.4f} | {precision:.2f} | {recall:.2f}"
        print(f"| {point['system']} | {row} |")


if __name__ == "__main__":
    main()
