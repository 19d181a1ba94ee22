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

import turns
from scene_quality import progress
from scene_scores import METRICS, scores_between

from keras_stylegan.data import open_images
from keras_stylegan.inference.generator import open_generator
from keras_stylegan.metrics import build_extractor
from keras_stylegan.metrics.reference import extract

SYSTEMS = {"DCGAN": "dcgan_cifar10", "WGAN-GP": "wgan_gp_cifar10", "SNGAN": "sngan"}
SOURCES = ("data", "real", "weights")


def main():
    parser = turns.parser(__doc__, SYSTEMS, tuple(SYSTEMS), "kimg", 2000.0)
    for name in SOURCES:
        parser.add_argument(f"--{name}", metavar="FILE" if name == "weights" else "SOURCE")
    arguments = turns.parse(parser, "kimg", SOURCES)
    if not arguments.table:
        scores = Scores(arguments)
        turns.take_turns("cifar_curves", SYSTEMS, arguments, "kimg", arguments.data, scores)
    print_table(turns.lines("cifar_curves", arguments.out))


class Scores:
    """Scores of a system as far as it has been trained, against pictures that nothing trains on."""

    def __init__(self, arguments):
        self.arguments, self.extractor, self.real = arguments, None, None

    def __call__(self, system: str) -> dict:
        run, count = self.arguments.out / system, self.arguments.n
        if self.extractor is None:
            self.extractor = build_extractor("mobilenet", self.arguments.weights)
            self.real = extract(open_images(self.arguments.real), self.extractor).features
        pictures = open_generator(run).generate(range(count))
        found = progress(run) | scores_between(self.real, self.extractor(pictures)[0])
        return found | {"extractor": self.extractor.protocol(), "real": len(self.real), "generated": count}


def print_table(points: list[dict]) -> None:
    """A row a point and system, in the order of the images."""
    print("\n| system | kimg | hours | FD-mobilenet | KID | precision | recall |\n|---|---|---|---|---|---|---|")
    for point in turns.by_time(points, SYSTEMS):
        if "diverged" in point:
            print(f"| {point['system']} | {point['limit']:g} | diverged | | | | |")
            continue
        fd, kid, precision, recall = (point[name] for name in METRICS)
        row = f"{point['kimg']:.0f} | {point['hours']:.2f} | {fd:.1f} | {kid:.4f} | {precision:.2f} | {recall:.2f}"
        print(f"| {point['system']} | {row} |")


if __name__ == "__main__":
    main()
