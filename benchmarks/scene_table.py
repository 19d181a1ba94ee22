"""Which GAN for natural scenes: DCGAN, WGAN-GP, and StyleGAN2 with two losses, trained for the same time, side by side.

    python benchmarks/scene_table.py --real VAL.zip --train TRAIN.zip --weights MOBILENET.npz --out DIR
        [--hours 2] [--points 4] [--only SYSTEM ...] [--set key=value ...]

trains each system into DIR/SYSTEM for `--hours` of training time, all on the same pictures, classes and device. They
take turns: a quarter of the time each (with four `--points`), then scores of all (scene_scores.py), then the next
quarter, so that what else the machine does falls on all alike, and the table shows how the scores move with images
and hours. Each point adds one line to DIR/scene_table.jsonl and renews the system's grid and sheet of nearest
neighbours in DIR/sheets. Ctrl-C or SIGTERM end it after a step; the same command goes on where it was. With more
`--hours` and as many points more, it goes on from what was trained.

`--table` prints what there is, Fréchet distances also as a share of DCGAN's at the same time.
`--set` changes a setting of all systems, such as `precision=mixed_bfloat16`.

Bars for the StyleGAN2 that ships: Fréchet distance at most 0.6 of DCGAN's at equal time, agreement with the class at
least 0.8 of that on real pictures, recall at least 0.2.
"""

from __future__ import annotations

from pathlib import Path

import turns
from scene_quality import progress
from scene_scores import SceneScores

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
SOURCES = ("real", "train", "weights")
# More than any of them sees: the hours end a run.
KIMG = 1_000_000


def main():
    parser = turns.parser(__doc__, SYSTEMS, EQUAL, "hours", 2.0)
    for name in SOURCES:
        parser.add_argument(f"--{name}", type=Path)
    arguments = turns.parse(parser, "hours", SOURCES)
    if not arguments.table:
        scores = Scores(arguments)
        settings = [f"kimg={KIMG}", "score_kimg=0"]  # the hours are for training alone
        turns.take_turns("scene_table", SYSTEMS, arguments, "hours", str(arguments.train), scores, settings=settings)
    print_table(turns.lines("scene_table", arguments.out))


class Scores:
    """Scores of a system as far as it has been trained, and of real pictures beside it."""

    def __init__(self, arguments):
        self.arguments, self.scores = arguments, None

    def __call__(self, system: str) -> dict:
        real, train, weights, out = (getattr(self.arguments, name) for name in (*SOURCES, "out"))
        self.scores = self.scores or SceneScores(real, train, weights, list(CLASSES))
        count = self.arguments.n
        found = self.scores.of_generator(open_generator(out / system), count, out / "sheets" / system)
        protocol = {"real_scores": self.scores.of_real(count), **self.scores.protocol(count)}
        return {**progress(out / system), **found, **protocol}


def print_table(points: list[dict]) -> None:
    """A row a point in time and system, in the order of the time."""
    print("\n| system | hours | kimg | FD-mobilenet | of DCGAN's | KID | precision | recall | class agreement |")
    print("|---|---|---|---|---|---|---|---|---|")
    scored = [point for point in points if "diverged" not in point]
    baselines = {point["limit"]: point["fd"] for point in scored if point["system"] == BASELINE}
    for point in turns.by_time(points, SYSTEMS):
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
