"""The recipe of super-resolution: trains, resumes, begins with another run."""

import json
import pathlib
import runpy
import sys

import keras
import numpy as np
import pytest
from toy_super_resolution import write_photographs

from keras_stylegan import cli
from keras_stylegan.callbacks import StopOnSignal, checkpoints, read_metrics

RECIPE = pathlib.Path(__file__).parents[1] / "training" / "super_resolution.py"
TINY = {
    "crop_size": 16, "batch_size": 2, "filters": 4, "num_blocks": 1, "critic_filters": 4, "penalty_every": 1,
    "precision": "float32", "log_images": 2, "kimg": 0.004,
}  # fmt: skip


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    return write_photographs(tmp_path_factory.mktemp("photographs"))


def train(monkeypatch, photographs, out, *more, **changes):
    settings = [text for key, value in {**TINY, **changes}.items() for text in ("--set", f"{key}={value}")]
    monkeypatch.setattr(sys, "argv", [RECIPE.name, "--data", str(photographs), "--out", str(out), *settings, *more])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(RECIPE), run_name="__main__")
    return ended.value.code


def weights(run):
    return [w for name in ("network", "critic") for w in keras.models.load_model(run / f"{name}.keras").get_weights()]


def test_recipe_trains_resumes_exactly_and_begins_with_another_run(photographs, tmp_path, monkeypatch, eagerly):
    whole, halves, second = tmp_path / "whole", tmp_path / "halves", tmp_path / "second"
    fixed = {"ema_kimg": 0, "learning_rate": 1e-3, "perceptual_weight": 1}
    assert train(monkeypatch, photographs, whole, **fixed) == 0
    last = read_metrics(whole / "metrics.jsonl")[-1]
    names = ["generator/pixel", "generator/perceptual", "generator/adversarial", "critic/adversarial", "critic/r1"]
    assert last["images"] == 4 and np.isfinite([last[name] for name in names]).all()
    assert 0 <= last["generator/adversarial"] < 1e-5  # the critic is new
    with monkeypatch.context() as stopped:
        # Not by its length, on which the learning rates depend.
        stopped.setattr(StopOnSignal, "on_train_batch_end", lambda self, step, logs=None: _stop(self))
        assert train(monkeypatch, photographs, halves, **fixed) == 0
    assert checkpoints(halves / "checkpoints")[-1].stem.endswith("0002") and not _same(weights(halves), weights(whole))
    assert train(monkeypatch, photographs, halves, "--resume", **fixed) == 0
    assert _same(weights(halves), weights(whole))
    changes = {"learning_rate": 1e-12, "critic_learning_rate": 1e-12, "kimg": 0.002}
    assert train(monkeypatch, photographs, second, "--from", str(whole), **changes) == 0
    facts = json.loads((second / "config.json").read_text())["facts"]
    assert facts["begun_with"]["images_seen"] == 4 and facts["begun_with"]["settings"]["crop_size"] == 16
    for ours, theirs in zip(weights(second), weights(whole), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_the_first_phase_is_pixels_alone(photographs, tmp_path, eagerly):
    settings = [text for key, value in {**TINY, "kimg": 0.002}.items() for text in ("--set", f"{key}={value}")]
    call = ["train", "super_resolution_pixels", "--data", str(photographs), "--out", str(tmp_path / "run"), *settings]
    assert cli.main(call) == 0
    (last,) = read_metrics(tmp_path / "run" / "metrics.jsonl")
    assert last["generator/loss"] == last["generator/pixel"] and not [key for key in last if "critic" in key]
    assert [file.name for file in (tmp_path / "run").glob("*.keras")] == ["network.keras"]


def _stop(callback):
    callback.model.stop_training = True


def _same(ours, theirs):
    return all(np.array_equal(one, other) for one, other in zip(ours, theirs, strict=True))


@pytest.mark.parametrize(
    "arguments, message",
    [
        ([], "`data` must name the pictures"),
        (["--data", "{photographs}", "--set", "crop_size=20"], "`crop_size` must be a multiple of 8 and of `factor`"),
        (["--data", "{photographs}", "--set", "loss=hinges"], "`loss` must be one of"),
        (["--data", "{photographs}", "--from", "{out}"], "`start_from` must be the directory of such a run"),
        (["--data", "{photographs}", "--set", "jpeg_quality=101"], "`quality` must be from 1 to 100"),
    ],
)
def test_mistakes_in_training_exit_2(photographs, tmp_path, capsys, arguments, message):
    places = {"photographs": photographs, "out": tmp_path / "out"}
    call = ["train", "super_resolution", "--out", str(tmp_path / "out"), *(a.format(**places) for a in arguments)]
    assert cli.main(call) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()
