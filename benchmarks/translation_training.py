"""Trains translators by the presets for two cores, for a stated budget, and scores them on pictures held out.

    python benchmarks/translation_training.py --out RUNS --kimg 40 \
        --paired camvid TRAIN/label TRAIN/photo TEST/label TEST/photo --paired bsds BOUNDARIES PHOTOGRAPHS \
        --unpaired summer2winter DIR --unpaired photo2impressionism DIR \
        --domain summer TRAIN TEST --domain winter TRAIN TEST --domain autumn TRAIN TEST \
        --extractor mobilenet --weights FILE

A paired set is learnt twice, from the same pictures in the same order: by `pix2pix_small` (`RUNS/camvid_gan`) and by
L1 alone (`RUNS/camvid_l1`). Without folders of its own for the test every eighth pair, by name, is held out. Of an
unpaired set DIR holds `trainA`, `trainB`, `testA` and `testB`; `cyclegan_small` learns both ways
(`RUNS/summer2winter_cycle`). All domains are learnt by one translator, `multidomain_small` (`RUNS/domains`). Learning
rates of the first two begin to fall after half of the budget. `--set key=value` changes a setting of all runs.

Ctrl-C saves and stops; the same command then goes on where it was, and does not train again what is finished. In the
end it appends one line with the scores of all runs (`translation_quality.py` and `domain_quality.py` say what they
are). On one core a step takes about 0.4 s of `pix2pix_small`, 0.2 s of it by L1 alone, 0.6 s of `cyclegan_small` and
0.6 s of `multidomain_small`, with four, four, two and four pictures.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from domain_quality import score as score_domains
from record import record
from resumed import check_resumed
from translation_quality import add_extractor, open_extractor, score

from keras_stylegan.run_records import state_of_network

HELD_OUT = 8  # one pair in so many
PAIRED = {"gan": [], "l1": ["adversarial_weight=0"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, metavar="RUNS", help="folder of the run directories")
    parser.add_argument("--kimg", type=float, required=True, help="budget of each run, in thousands of images")
    parser.add_argument("--paired", nargs="+", action="append", default=[], metavar=("NAME", "DIR"))
    parser.add_argument("--unpaired", nargs=2, action="append", default=[], metavar=("NAME", "DIR"))
    parser.add_argument("--domain", nargs=3, action="append", default=[], metavar=("NAME", "TRAIN", "TEST"))
    parser.add_argument("--set", action="append", default=[], metavar="key=value")
    add_extractor(parser)
    parser.add_argument("--results", type=Path, metavar="DIR", help="where to append the line, instead of results/")
    arguments = parser.parse_args()
    names = [name for name, *_ in (*arguments.paired, *arguments.unpaired)]
    if not (names or arguments.domain) or len(set(names)) < len(names):
        parser.error("--paired, --unpaired and --domain must give one set or more, of different names")
    if any(len(values) not in (3, 5) for values in arguments.paired):
        parser.error("--paired takes a name and the folders of A and B, or these and those of A and B for the test")
    if arguments.domain and len({name for name, *_ in arguments.domain}) < max(2, len(arguments.domain)):
        parser.error("--domain must give two domains or more, of different names")

    kimg = arguments.kimg
    settings = [f"kimg={kimg}", *arguments.set]
    planned, domains = [], None
    for name, *folders in arguments.paired:
        train, test = split(arguments.out / "pairs" / name, *map(Path, folders))
        for kind, changes in PAIRED.items():
            run = arguments.out / f"{name}_{kind}"
            sources = ["--data", train[0], "--data-b", train[1]]
            ways = [(*test, True, "a_to_b", train[1])]
            planned.append((run, "pix2pix_small", sources, [*settings, *changes], ways))
    for name, folder in arguments.unpaired:
        parts = {part: Path(folder) / part for part in ("trainA", "trainB", "testA", "testB")}
        ways = [
            (parts["testA"], parts["testB"], False, "a_to_b", parts["trainB"]),
            (parts["testB"], parts["testA"], False, "b_to_a", parts["trainA"]),
        ]
        planned.append((arguments.out / f"{name}_cycle", "cyclegan_small", ["--data", folder], settings, ways))
    if arguments.domain:
        domains = arguments.out / "domains"
        taught, tested = (arguments.out / "domain_pictures" / part for part in ("train", "test"))
        for name, train, test in arguments.domain:
            copy(Path(train), taught / name)
            copy(Path(test), tested / name)
        changes = [f"kimg={kimg}", f"diversity_kimg={kimg}", *arguments.set]
        planned.append((domains, "multidomain_small", ["--data", taught], changes, []))

    for run, preset, sources, changes, _ in planned:
        train_run(run, preset, sources, changes, round(1000 * kimg))
    extractor = open_extractor(arguments)
    table = [
        {"way": way, **score(run, inputs, targets, extractor, paired, way, real)}
        for run, *_, ways in planned
        for inputs, targets, paired, way, real in ways
    ]
    figures = {"kimg": kimg, "settings": arguments.set, "table": table}
    if domains:
        figures["domains"] = score_domains(domains, tested, extractor, taught)
    folder = {"folder": arguments.results} if arguments.results else {}
    record("translation_training", figures, ("keras", "tensorflow"), **folder)


def split(work, a, b, test_a=None, test_b=None):
    """Folders of A and B to train on, and of A and B held out; copied apart where there is no test set."""
    if test_a is not None:
        return (a, b), (test_a, test_b)
    for folder, name in ((a, "A"), (b, "B")):
        copy(folder, work / "train" / name, lambda i: i % HELD_OUT)
        copy(folder, work / "test" / name, lambda i: i % HELD_OUT == 0)
    return tuple((work / part / "A", work / part / "B") for part in ("train", "test"))


def copy(folder, target, chosen=lambda i: True):
    """Copies the pictures of a folder, those of the chosen places in the order of names, where they are missing."""
    target.mkdir(parents=True, exist_ok=True)
    for i, file in enumerate(sorted(file for file in folder.iterdir() if file.is_file())):
        if chosen(i) and not (target / file.name).exists():
            shutil.copyfile(file, (target / file.name).with_suffix(".part"))
            os.replace((target / file.name).with_suffix(".part"), target / file.name)


def train_run(run, preset, sources, settings, images):
    """Trains a run to its end in a process of its own, from its newest checkpoint on."""
    if (run / "config.json").is_file() and state_of_network(run)[0] >= images:
        print(f"{run}: finished before", flush=True)
        return
    check_resumed(run, preset, settings)
    changes = [text for setting in settings for text in ("--set", setting)]
    command = ["train", preset, *map(str, sources), "--out", str(run), "--resume", *changes]
    process = subprocess.Popen([sys.executable, "-m", "keras_stylegan.cli", *command])
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    while process.returncode is None:
        with contextlib.suppress(KeyboardInterrupt):  # which reaches the run too: it is saving
            process.wait()
    if process.returncode:
        sys.exit(process.returncode)


if __name__ == "__main__":
    main()
