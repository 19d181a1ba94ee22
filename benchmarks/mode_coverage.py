"""Which losses lose modes: a grid and a ring of Gaussians, and stacked digits, on networks that are the same for all.

    python benchmarks/mode_coverage.py [--only grid ring digits] [--losses NS ...] [--out DIR]

Each experiment (data, loss, alternating or simultaneous updates) trains its seeds side by side in one graph, adds one
JSON line to DIR/mode_coverage.jsonl, and keeps its samples beside it. What has its line, with the present settings, is
not run again: the command goes on where it was interrupted. `--table` prints the lines as a table and draws the samples
of each experiment's first seed to DIR/mode_coverage_DATA.png.

Bars for RpGAN+R1+R2: grid 25 modes with every seed, high quality >= 93.6 %, reverse KL <= 0.04; ring 8 modes,
>= 95.6 %, <= 0.07; digits >= 990 modes, KL <= 0.1. Within four hours on two cores, on JAX unless KERAS_BACKEND says
otherwise.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import os
import statistics
import time
import zlib
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import keras
import numpy as np
from coverage_data import DATA
from coverage_model import LOSSES, CoverageGAN, make_steps
from keras import ops
from PIL import Image, ImageDraw
from record import RESULTS, record

# Lin et al. 2018 (PacGAN), table 1, mean of ten trials: modes, high quality, reverse KL.
PROTOCOL = (
    "PacGAN's rows are means of ten trials of 400,000 steps of batch 100, of larger networks with batch normalisation, "
    "of the last weights. Ours are averaged weights of smaller networks without normalisation, whose critic sees "
    "Fourier features of the points; data and scores are the same. WGAN-GP's critic takes five steps to one of the "
    "generator where they alternate, and one where they are simultaneous."
)
PEERS = {
    "grid": {
        "GAN": (17.3, 0.948, 0.70), "ALI": (24.1, 0.957, 0.14), "PacGAN2": (23.8, 0.913, 0.13),
        "PacGAN3": (24.6, 0.942, 0.06), "PacGAN4": (24.8, 0.936, 0.04),
    },
    "ring": {
        "GAN": (6.3, 0.982, 0.45), "ALI": (6.6, 0.976, 0.36), "PacGAN2": (7.9, 0.956, 0.07),
        "PacGAN3": (7.8, 0.977, 0.10), "PacGAN4": (7.8, 0.959, 0.07),
    },
    "digits": {},
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Settings:
    """One column of settings for every loss on a data set; nothing here knows the modes.

    Attributes:
        latent: dimensions of z.
        width, depth: hidden layers of generator and critic.
        slope: of the generator's leaky ReLUs. With 0, ReLUs, it is made of flat pieces with sharp steps between them;
            0.2 leaves more samples on the way from mode to mode.
        frequency: of the critic's Fourier features, in cycles a standard deviation of the data.
        batch: samples of each seed in a step.
        steps: steps of training.
        learning_rate: at the start; falls along a cosine to 1/300 of it.
        gamma: weight of R1 and R2.
        penalty: weight of WGAN-GP's penalty.
        half_life: of the averaged weights, in thousands of samples.
    """

    latent: int = 2
    width: int = 64
    depth: int = 3
    slope: float = 0.0
    frequency: float = 0.3
    batch: int = 128
    steps: int = 60_000
    learning_rate: float = 3e-3
    gamma: float = 0.1
    penalty: float = 0.1
    half_life: float = 44.0


SETTINGS = {
    "grid": Settings(),
    "ring": Settings(),
    "digits": Settings(latent=64, width=256, frequency=0.0, steps=20_000, learning_rate=1e-3, gamma=1.0, penalty=10.0),
}
BEST = "RpGAN+R1+R2"
CRITIC_STEPS = 5
# Steps in one call.
CHUNK = 50
SHOWN_SAMPLES = 2500
# Pixels above a panel for its name.
LABEL = 20


@dataclasses.dataclass(frozen=True)
class Experiment:
    """Data, loss, kind of updates, and how many seeds."""

    data: str
    loss: str
    updates: str = "alternating"
    seeds: int = 3


PLANE = [
    Experiment(data, loss, updates, 10 if loss == BEST else 3)
    for data in ("grid", "ring")
    for updates in ("alternating", "simultaneous")
    for loss in (BEST, "NS", "NS+R1", "WGAN-GP")
]
EXPERIMENTS = [*PLANE, *(Experiment("digits", loss, seeds=1) for loss in (BEST, "NS+R1+R2", "RpGAN+R1", "NS+R1", "NS"))]


def run(experiment: Experiment, settings: Settings, data) -> tuple[np.ndarray, list[dict], float]:
    """Trains an experiment's seeds together and scores their averaged generators.

    Returns:
        Samples `(samples, seeds, dimensions)` as networks put them out, scores by seed, and seconds.
    """
    # A critic of several steps takes as many parts of a batch, so batches are larger and fewer: every loss sees the
    # same number of samples and has the same number of critic updates.
    critic_steps = CRITIC_STEPS if experiment.loss == "WGAN-GP" and experiment.updates == "alternating" else 1
    steps, batch = settings.steps // critic_steps, settings.batch * critic_steps
    model = CoverageGAN(
        experiment.seeds, data.dimensions, settings.latent, settings.width, settings.depth, settings.frequency,
        experiment.loss, settings.gamma, settings.penalty, critic_steps, settings.slope,
    )  # fmt: skip
    optimizers = {
        name: keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(settings.learning_rate, steps * share, 1 / 300),
            beta_1=0.0,
            beta_2=0.99,
            epsilon=1e-8,
        )
        for name, share in (("critic", critic_steps), ("generator", 1))
    }
    model.compile(optimizers, experiment.updates, ema={"half_life_kimg": settings.half_life, "ramp_up": 0.07})
    advance, random, start = make_steps(model), np.random.default_rng(1), time.perf_counter()
    for done in range(0, steps, CHUNK):
        # The last chunk may go beyond the end: another length would be compiled anew.
        loss = advance(data.batch((min(CHUNK, steps), batch, experiment.seeds), random))
        if done % (steps // 20 or 1) < CHUNK:
            print(f"  {done}/{steps} {time.perf_counter() - start:.0f} s, critic's loss {loss:.3f}", flush=True)
    latents = np.random.default_rng(2).normal(size=(data.num_scored, experiment.seeds, settings.latent))
    parts = [ops.convert_to_numpy(model.ema(part.astype("float32"))) for part in np.array_split(latents, 20)]
    samples = np.concatenate(parts)
    scores = [data.score(samples[:, seed]) for seed in range(experiment.seeds)]
    return samples, scores, time.perf_counter() - start


def settings_of(data: str, steps: int | None) -> Settings:
    """The settings of a data set, perhaps with another number of steps."""
    return dataclasses.replace(SETTINGS[data], steps=steps) if steps else SETTINGS[data]


def key(experiment: Experiment) -> str:
    return "-".join((experiment.data, experiment.loss, experiment.updates))


def samples_file(experiment: Experiment, settings: Settings, folder: Path) -> Path:
    """Where an experiment's samples lie; those of other settings lie elsewhere."""
    digest = zlib.crc32(json.dumps(dataclasses.asdict(settings), sort_keys=True).encode())
    return folder / f"{key(experiment)}-{digest:08x}.npz"


def finished(path: Path, steps: int | None) -> dict[str, dict]:
    """The lines of the present settings, by experiment."""
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    wanted = {name: dataclasses.asdict(settings_of(name, steps)) for name in SETTINGS}
    return {line["experiment"]: line for line in lines if line["settings"] == wanted[line["data"]]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=DATA, default=list(DATA))
    parser.add_argument("--losses", nargs="+", choices=LOSSES, default=list(LOSSES))
    parser.add_argument("--updates", nargs="+", choices=("alternating", "simultaneous"))
    parser.add_argument("--steps", type=int, help="instead of the data set's own, to try the command")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--table", action="store_true", help="print what there is, and draw it")
    arguments = parser.parse_args()
    path = arguments.out / "mode_coverage.jsonl"
    if arguments.table:
        print_table(finished(path, arguments.steps))
        for name in arguments.only:
            draw(name, arguments.steps, arguments.out)
        return
    arguments.out.mkdir(parents=True, exist_ok=True)
    data = {}
    for experiment in EXPERIMENTS:
        chosen = experiment.data in arguments.only and experiment.loss in arguments.losses
        chosen = chosen and experiment.updates in (arguments.updates or [experiment.updates])
        settings = settings_of(experiment.data, arguments.steps)
        if not chosen or key(experiment) in finished(path, arguments.steps):
            continue
        print(key(experiment), flush=True)
        if experiment.data not in data:
            data[experiment.data] = DATA[experiment.data]()
        figures = {"experiment": key(experiment), **dataclasses.asdict(experiment)}
        try:
            samples, scores, seconds = run(experiment, settings, data[experiment.data])
            figures |= {"scores": scores, "seconds": round(seconds)}
            shown = samples[:SHOWN_SAMPLES, :1].astype("float16")
            np.savez_compressed(samples_file(experiment, settings, arguments.out), samples=shown)
        except FloatingPointError as error:
            figures["diverged"] = str(error)
        if experiment.data == "digits":
            figures["classifier_accuracy"] = round(data["digits"].accuracy, 4)
        record("mode_coverage", {**figures, "settings": dataclasses.asdict(settings)}, ("keras", "jax"), arguments.out)


def print_table(lines: dict[str, dict]) -> None:
    """The means over the seeds, and the worst seed's modes, beside the peers' rows."""
    for name in DATA:
        print(f"\n| {name} | updates | seeds | modes (worst) | high quality | reverse KL |\n|---|---|---|---|---|---|")
        for line in lines.values():
            if line["data"] != name:
                continue
            if "diverged" in line:
                print(f"| {line['loss']} | {line['updates']} | {line['seeds']} | diverged | | |")
                continue
            scores = {k: [score[k] for score in line["scores"]] for k in line["scores"][0]}
            # Of samples that miss every mode it is infinite, for which JSON has no number.
            divergences = [math.inf if value is None else value for value in scores["reverse_kl"]]
            modes, kl = scores["modes"], statistics.mean(divergences)
            quality = f"{statistics.mean(scores['high_quality']):.1%}" if "high_quality" in scores else ""
            row = f"{statistics.mean(modes):.1f} ({min(modes)}) | {quality} | {kl:.3f} |"
            print(f"| {line['loss']} | {line['updates']} | {line['seeds']} | {row}")
        for peer, (modes, quality, kl) in PEERS[name].items():
            print(f"| {peer}, PacGAN's table 1 | alternating | 10 | {modes} | {quality:.1%} | {kl} |")
        digits = [line for line in lines.values() if line["data"] == name and "classifier_accuracy" in line]
        for accuracy in sorted({line["classifier_accuracy"] for line in digits}):
            print(f"\nThe classifier that counts these modes is right on {accuracy:.1%} of digits it has not seen.")
    print(f"\n{PROTOCOL}\nTrained in {sum(line.get('seconds', 0) for line in lines.values()) / 3600:.1f} hours in all.")


def draw(name: str, steps: int | None, folder: Path, side: int = 200) -> None:
    """Samples of each experiment's first seed: a column for each loss, a row for each kind of updates."""
    settings, panels = settings_of(name, steps), {}
    for experiment in EXPERIMENTS:
        file = samples_file(experiment, settings, folder)
        if experiment.data == name and file.exists():
            with np.load(file) as stored:
                panels[experiment] = _panel(stored["samples"][:, 0].astype("float32"), side)
    if not panels:
        return
    losses, updates = (list(dict.fromkeys(getattr(e, field) for e in panels)) for field in ("loss", "updates"))
    picture = Image.new("RGB", (side * len(losses), (side + LABEL) * len(updates)), "white")
    pen = ImageDraw.Draw(picture)
    for experiment, panel in panels.items():
        x, y = side * losses.index(experiment.loss), (side + LABEL) * updates.index(experiment.updates)
        pen.text((x + side // 2, y + LABEL // 2), f"{experiment.loss}, {experiment.updates}", "black", anchor="mm")
        picture.paste(Image.fromarray(panel), (x, y + LABEL))
    path = folder / f"mode_coverage_{name}.png"
    picture.save(path)
    print(path)


def _panel(samples, side):
    """Points as dots over the data's spread and some more, or twelve by twelve pictures; a frame of one pixel."""
    panel = np.full((side, side, 3), 255, "uint8")
    if samples.shape[1] == 2:
        pixels = np.rint((samples / 3.6 + 0.5) * side).astype(int)
        pixels = pixels[((pixels >= 0) & (pixels < side)).all(axis=1)]
        panel[side - 1 - pixels[:, 1], pixels[:, 0]] = (20, 60, 160)
    else:
        pictures = samples[:144].reshape(12, 12, 16, 16, 3).transpose(0, 2, 1, 3, 4).reshape(192, 192, 3)
        panel[4:196, 4:196] = np.clip((pictures + 1) * 127.5, 0, 255)
    panel[[0, -1]] = panel[:, [0, -1]] = 200
    return panel


if __name__ == "__main__":
    main()
