"""Scores while a GAN trains: what is logged is what the best run's generator scores, and training does not notice."""

import importlib.util
import io
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import types

import keras
import numpy as np
import pytest
from rich.console import Console

from keras_stylegan import cli, data, runs, systems
from keras_stylegan.best_runs import is_best_of_run, keep_best
from keras_stylegan.callbacks import Clock, Scores, StopOnSignal, checkpoints, read_metrics, read_record
from keras_stylegan.keras_files import load_network
from keras_stylegan.metrics import ImageScores, build_extractor
from keras_stylegan.models import generate
from keras_stylegan.presets import get_preset, with_settings

SMALL = [
    "size=8,8", "batch_size=4", "kimg=0.024", "classes=all", "flip=0", "log_images=4", "learning_rate=0.02",
    "latent_dim=4", "filters=4", "max_filters=4",
]  # fmt: skip
SCORED = ["score_kimg=0.008", "score_pictures=9", "score_metrics=kid,density"]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Three of a dark class, six of a bright one."""
    path, rng = tmp_path_factory.mktemp("data") / "pictures.npz", np.random.default_rng(0)
    images = np.concatenate([rng.integers(0, 100, (3, 8, 8, 3)), rng.integers(150, 256, (6, 8, 8, 3))])
    np.savez(path, images=images.astype("uint8"), labels=np.repeat([0, 1], (3, 6)), classes=["dark", "bright"])
    return path


def trained(out, pictures, *settings, **options):
    preset = with_settings(get_preset("dcgan"), [f"data={pictures}", *SMALL, *settings])
    return runs.train(preset, out, **options)


@pytest.mark.parametrize("strategy", [None, "mirrored"])
def test_the_best_is_kept_as_a_run_and_scores_what_was_logged(strategy, pictures, tmp_path, capsys, request):
    if strategy:
        request.getfixturevalue("mirrored")
    settings = [*SCORED, "score_kimg=0.01", "checkpoint_seconds=0.001", "log_images=16"]
    devices = ["CPU:0", "CPU:1"] if strategy else None
    run = trained(tmp_path / "run", pictures, *settings, strategy=strategy, devices=devices)
    lines = [line for line in read_metrics(run / "metrics.jsonl") if "score/KID-compact" in line]
    # The last is that of the end, and none waits for the line that is due.
    assert [line["images"] for line in lines] == [12, 20, 24] and all("score/density-compact" in line for line in lines)
    best = min(lines, key=lambda line: line["score/KID-compact"])
    kept = run / "best"
    assert [path.name for path in checkpoints(kept / "checkpoints")] == [f"checkpoint-{best['images']:012d}.npz"]
    assert read_metrics(kept / "metrics.jsonl")[-1] == best
    assert json.loads((run / "config.json").read_text())["settings"]["monitor"] == "score/KID-compact"
    # The same by hand: all real pictures, generated ones of the classes that the first batches have.
    order = first_labels(pictures)
    assert sorted(order) == [0] * 3 + [1] * 6
    expected = by_hand(pictures, kept, np.resize(order, 9))
    for score, value in expected.items():
        assert best[f"score/{score}"] == pytest.approx(value, rel=1e-3, abs=1e-6)
    told = capsys.readouterr()
    assert "no best" not in told.err and "score/" not in told.err
    assert cli.main(["runs", str(tmp_path)]) == 0
    assert f"score/KID-compact {best['score/KID-compact']:.4g} at {best['kimg']:g} kimg" in capsys.readouterr().out
    assert cli.main(["runs", str(kept)]) == 0
    assert f"the best, at {best['kimg']:g} kimg" in capsys.readouterr().out
    assert cli.main(["generate", "--from", str(kept), "--n", "1", "-o", str(tmp_path / "made")]) == 0


def by_hand(pictures, run, labels):
    scores = ImageScores(build_extractor("compact"), ("kid", "density"))
    with np.load(pictures) as file:
        scores.update_state(real=file["images"])
    scores.update_state(fake=generate(load_network(run / "generator.keras"), range(len(labels)), labels))
    return scores.result()


def first_labels(pictures):
    """Classes of the first nine pictures of a run of DCGAN, which are all there are."""
    batches = data.open(pictures, size=(8, 8), batch_size=4, seed=0, flip=False, labels=True)
    return np.concatenate([batches[index]["labels"] for index in range(3)])[:9]


def test_training_does_not_notice_and_goes_on_from_a_copy_of_the_best(pictures, tmp_path, eagerly, capsys):
    seldom = "checkpoint_seconds=1e9"
    runs_made = [trained(tmp_path / str(i), pictures, seldom, *s) for i, s in enumerate(((), SCORED))]
    plain, scored = runs_made
    assert not (plain / "best").exists()
    for first, second in zip(*(load_network(run / "generator.keras").weights for run in runs_made), strict=True):
        np.testing.assert_array_equal(first, second)
    # What is scored is what is saved, however seldom time alone would have it.
    scores = {line["images"]: line.get("score/KID-compact") for line in read_metrics(scored / "metrics.jsonl")}
    names = {images: f"checkpoint-{images:012d}.npz" for images, score in scores.items() if score is not None}
    assert list(names) == [8, 16, 24]
    assert [path.name for path in checkpoints(scored / "checkpoints")] == list(names.values())
    begun = checkpoints(scored / "best" / "checkpoints")[0].name
    assert begun == names[min(names, key=scores.get)]
    settings = [f"data={pictures}", *SMALL, "kimg=0.032"]
    options = [text for setting in settings for text in ("--set", setting)]
    command = ["train", "dcgan", "--resume", *options, "--out"]
    assert cli.main([*command, str(scored / "best")]) == 2
    assert "`out` must not be the best of a run, which would replace it: copy it" in capsys.readouterr().err
    shutil.copytree(scored / "best", tmp_path / "copy")
    assert cli.main([*command, str(tmp_path / "copy")]) == 0
    names = [path.name for path in checkpoints(tmp_path / "copy" / "checkpoints")]
    assert names == [begun, "checkpoint-000000000032.npz"]


def test_a_run_that_goes_on_with_scores_keeps_its_best(pictures, tmp_path, eagerly):
    run = trained(tmp_path / "run", pictures)
    assert not (run / "best").exists()
    settings = [text for setting in (*SCORED, "kimg=0.032") for text in ("--set", setting)]
    assert cli.main(["train", "dcgan", "--out", str(run), "--resume", *settings]) == 0
    assert (run / "best").exists()
    monitor = json.loads((run / "config.json").read_text())["settings"]["monitor"]
    assert monitor.startswith("score/")
    again = ["--set", "kimg=0.04", "--set", "score_kimg=0"]
    assert cli.main(["train", "dcgan", "--out", str(run), "--resume", *again]) == 0
    assert json.loads((run / "config.json").read_text())["settings"]["monitor"] == ""


def test_bests_of_different_scales_are_not_compared(pictures, tmp_path, eagerly):
    with pytest.warns(UserWarning, match="A Fréchet distance of 9 images is biased"):
        run = trained(tmp_path / "run", pictures, *SCORED, "score_metrics=fd")
    before = read_record(run / "checkpoints" / "best.npz")
    facts = {"extractor": build_extractor("compact").protocol(), "pictures": 9}
    assert before["monitor"] == {"name": "score/FD-compact", **facts}
    trained(run, pictures, *SCORED, "score_pictures=12", "kimg=0.04", resume=True)
    after = read_record(run / "checkpoints" / "best.npz")
    assert after["monitor"] == {"name": "score/KID-compact", **facts, "pictures": 12}
    # Worse, were they compared: kernel distances of noise are the greater numbers.
    assert after["monitored"] > before["monitored"] and after["images_seen"] > before["images_seen"]
    assert json.loads((run / "best" / "config.json").read_text())["settings"]["score_pictures"] == 12


def test_what_is_in_the_way_of_the_best_ends_no_run(tmp_path, monkeypatch):
    run, said = tmp_path / "run", io.StringIO()
    (run / "checkpoints").mkdir(parents=True)
    (run / "config.json").write_text("{}")
    for litter in (".partial.best.4", ".before.best.4"):
        (run / litter / "checkpoints").mkdir(parents=True)
    made = []
    system = types.SimpleNamespace(save=lambda folder: (folder / "network").write_text(str(len(made))))

    def keep(images):
        made.append(images)
        checkpoint = run / "checkpoints" / f"checkpoint-{images:012d}.npz"
        checkpoint.write_text("state")
        keep_best(system, run, checkpoint, Console(file=said, width=500))

    keep(8)
    keep(16)
    assert sorted(path.name for path in run.iterdir()) == ["best", "checkpoints", "config.json"]
    whole = ["best.npz", "checkpoint-000000000016.npz"]
    assert sorted(path.name for path in (run / "best" / "checkpoints").iterdir()) == whole
    assert (run / "best" / "network").read_text() == "2" and not said.getvalue()
    rename = pathlib.Path.rename

    def held(path, target):
        if path.name.startswith(".partial"):
            raise PermissionError(13, "in use")
        return rename(path, target)

    monkeypatch.setattr(pathlib.Path, "rename", held)
    keep(24)
    assert (run / "best" / "network").read_text() == "2" and "stays that of before, which is in use" in said.getvalue()
    assert sorted(path.name for path in run.iterdir()) == ["best", "checkpoints", "config.json"]
    system.save = lambda folder: 1 / 0
    with pytest.raises(ZeroDivisionError):
        keep(32)
    assert sorted(path.name for path in run.iterdir()) == ["best", "checkpoints", "config.json"]
    assert is_best_of_run(run / "best") and not is_best_of_run(run) and not is_best_of_run(tmp_path / "best")


def test_copies_of_one_real_picture_are_precise_and_recall_only_it(pictures, monkeypatch):
    settings = [f"data={pictures}", *SMALL, *SCORED, "score_metrics=precision,recall"]
    system = systems.build(with_settings(get_preset("dcgan"), settings))
    with np.load(pictures) as file:
        real, labels = file["images"], file["labels"]
    asked, seed = [], system.model.seed_generator

    def generate(seeds, classes, batch_size):
        keras.random.uniform((1,), seed=seed)  # a draw that training is not to miss
        asked.extend(zip(seeds, classes, strict=True))
        return np.repeat(real[:1], len(seeds), axis=0)

    monkeypatch.setattr(system.model, "generate", generate)
    system.scoring.prepare()
    before = np.array(seed.state)
    found = system.scoring.score(lambda: False)
    np.testing.assert_array_equal(np.array(seed.state), before)
    assert system.scoring.monitor == ""
    assert found == pytest.approx({"precision-compact": 1.0, "recall-compact": 1 / 9})
    assert [seed for seed, _ in asked] == list(range(9)) and sorted(c for _, c in asked) == labels.tolist()


def test_grey_pictures_without_classes_of_a_network_with_codes(pictures):
    settings = [f"data={pictures}", "size=16,16", "channels=1", "batch_size=4", "latent_dim=14", "filters=4"]
    system = systems.build(with_settings(get_preset("infogan"), [*settings, "max_filters=8", *SCORED]))
    assert system.scoring.monitor == "score/KID-compact" and system.scoring.every_images == 8
    system.scoring.prepare()
    assert system.scoring.score(lambda: True) == {}
    first, second = (system.scoring.score(lambda: False) for _ in range(2))
    assert first == second and {"KID-compact", "KID-compact_std", "density-compact"} == set(first)


def test_a_run_that_ends_before_its_first_score_has_none(pictures, tmp_path, eagerly):
    run = trained(tmp_path / "run", pictures, *SCORED, "score_kimg=0.1")
    assert not (run / "best").exists()
    assert not any(name.startswith("score/") for line in read_metrics(run / "metrics.jsonl") for name in line)


class Stepping:
    """Gives `Scores` steps to look at."""

    def __init__(self, score, last_images=None):
        self.clock, self.stop = Clock(4), StopOnSignal()
        self.model = types.SimpleNamespace(stop_training=False, failing_player=lambda: None)
        self.scores = Scores(self.clock, score, 8, last_images, self.stop)
        self.scores.set_model(self.model)

    def step(self, images):
        logs = {}
        self.clock.images_seen = images
        self.scores.on_train_batch_end(0, logs)
        return logs


def test_scores_are_taken_in_time_and_at_the_end():
    def score(stopped):
        return {"FD": 1.0}

    stepping = Stepping(score, last_images=22)
    taken = [images for images in (4, 8, 12, 20, 22) if stepping.step(images) == {"score/FD": 1.0}]
    assert taken == [8, 20, 22]
    stepping = Stepping(score)  # the hours are over
    stepping.model.stop_training = True
    assert stepping.step(4) == {} and stepping.step(12) and stepping.step(13)
    stepping = Stepping(score)
    stepping.model.failing_player = lambda: ("critic", 10)
    assert stepping.step(8) == {}


def test_there_is_no_time_for_scores_when_a_signal_has_come():
    def score(stopped):
        asked.append(stopped())
        stepping.stop.signal = signal.SIGTERM
        return {"FD": 1.0} if not stopped() else {}

    asked, stepping = [], Stepping(score)
    assert stepping.step(8) == {} and stepping.model.stop_training
    assert stepping.step(16) == {} and asked == [False]


def test_what_a_score_raises_is_kept_for_those_who_save():
    stepping = Stepping(lambda stopped: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        stepping.step(8)
    assert isinstance(stepping.scores.error, ZeroDivisionError)


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")
def test_scores_on_jax_are_those_of_the_saved_generator(pictures, tmp_path):
    """Twice: what the first score makes must last."""
    settings = [f"data={pictures}", *SMALL, *SCORED]
    options = [text for setting in settings for text in ("--set", setting)]
    command = [sys.executable, "-m", "keras_stylegan.cli", "train", "dcgan", "--out", str(tmp_path / "run"), *options]
    done = subprocess.run(command, env={**os.environ, "KERAS_BACKEND": "jax"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    last = read_metrics(tmp_path / "run" / "metrics.jsonl")[-1]
    assert last["images"] == 24
    expected = by_hand(pictures, tmp_path / "run", np.resize(first_labels(pictures), 9))
    assert last["score/KID-compact"] == pytest.approx(expected["KID-compact"], rel=1e-2, abs=1e-5)


@pytest.mark.parametrize(
    "setting, message",
    [
        ("score_metrics=fdd", "`score_metrics` names an unknown one. Close to it: fd. Received: 'fdd'"),
        ("score_metrics=", "`score_metrics` must name each metric once, and at least one"),
        ("score_extractor=inception", "`score_extractor` names an unknown one. Close to it: inception_v3, xception"),
        ("score_extractor=mobilenet", "`score_weights` must name the local weight file of mobilenet"),
        ("score_weights=none.npz", "none.npz"),
        ("score_pictures=3", "`score_pictures` must be at least 6 for kid, density. Received: 3"),
        (
            "score_metrics=fd,inception_score|score_pictures=10",
            "`metrics` may have inception_score only with an extractor that classifies",
        ),
        (
            "monitor=score/density-compact",
            "`monitor` must be among the distances: score/KID-compact. Received: monitor",
        ),
        ("score_kimg=-1", "`score_kimg` must be finite and not negative. Received: score_kimg=-1.0"),
        (
            "score_extractor=resnet50|score_metrics=inception_score",
            "`score_pictures` must be at least 10 for inception_",
        ),
    ],
)
def test_mistakes_are_told_before_training(setting, message, pictures, tmp_path, capsys):
    settings = [f"data={pictures}", *SMALL, *SCORED, *setting.split("|")]
    options = [text for setting in settings for text in ("--set", setting)]
    assert cli.main(["train", "dcgan", "--out", str(tmp_path / "run"), *options]) == 2
    assert message in capsys.readouterr().err and not (tmp_path / "run" / "config.json").exists()
