"""Two steps, then a look at the files."""

import dataclasses
import importlib.util
import json
import os
import pathlib
import signal
import subprocess
import sys
import types

import keras
import numpy as np
import pytest
import toy_system
from PIL import Image
from rich.console import Console
from toy_system import TOY_FLOPS, ToyPreset

from keras_stylegan import cli, presets, run_records, runs, systems
from keras_stylegan.callbacks import checkpoints, clock, read_metrics

TESTS = pathlib.Path(__file__).parent
TINY = ToyPreset(kimg=0.008, batch_size=4, log_images=4, grid_images=4, checkpoint_seconds=1e-6)


def check_run(out, images):
    """Every file that a run of the toy must leave."""
    config = json.loads((out / "config.json").read_text())
    assert config["system"] == "toy" and config["facts"]["pictures"] == 10
    assert config["facts"]["trainable_parameters"] == (27 * 3 + 3) + (27 * 4 + 4) + (3 * 3 * 4 + 1)
    assert config["settings"]["seed"] == 0 and "backend" in config and "keras" in config["versions"]
    lines = read_metrics(out / "metrics.jsonl")
    assert lines[-1]["images"] == images
    assert {"critic/loss", "generator/adversarial", "kimg", "seconds", "data_wait"} <= set(lines[-1])
    assert checkpoints(out / "checkpoints")[-1].name == f"checkpoint-{images:012d}.npz"
    picture = np.asarray(Image.open(out / "images" / f"{images:012d}.png"))
    assert picture.shape == (16, 16, 3)
    assert (out / "generator.keras").stat().st_size > 1000
    assert not list(out.rglob("*partial*"))


def weights(out):
    with np.load(checkpoints(out / "checkpoints")[-1]) as archive:
        return {name: archive[name] for name in archive.files if name not in ("run", "sha256")}


def test_two_steps_leave_a_run_directory(tmp_path, capsys):
    out = runs.train(TINY, tmp_path / "run")
    check_run(out, 8)
    assert [line["images"] for line in read_metrics(out / "metrics.jsonl")] == [4, 8]
    assert [int(p.stem) for p in sorted((out / "images").iterdir())] == [0, 4, 8]
    assert list((out / "tensorboard").glob("events.out.tfevents.*"))
    printed = capsys.readouterr().out
    assert '"learning_rate": 0.01' in printed
    assert "10 pictures  233 trainable parameters" in printed
    assert f"{TOY_FLOPS / 1e9:.3g} GFLOPs an image  learning rates: critic 0.01  generator 0.01" in printed
    assert "2 steps of 4 (0.008 kimg) from the start, backend tensorflow on cpu:0, float32, seed 0" in printed
    assert keras.models.load_model(out / "generator.keras").count_params() == 27 * 3 + 3


def test_resuming_equals_not_stopping(tmp_path, capsys):
    whole = runs.train(dataclasses.replace(TINY, kimg=0.024), tmp_path / "whole")
    runs.train(dataclasses.replace(TINY, kimg=0.012), tmp_path / "parts")
    with pytest.raises(ValueError, match="`out` already holds a run"):
        runs.train(TINY, tmp_path / "parts")
    with pytest.raises(ValueError, match="`out` must be a folder, new or of a run. Received the file .*config.json"):
        runs.train(TINY, tmp_path / "parts" / "config.json")
    parts = runs.train(dataclasses.replace(TINY, kimg=0.024), tmp_path / "parts", resume=True)
    assert "from checkpoint-000000000012.npz at 0.012 kimg" in capsys.readouterr().out
    check_run(parts, 24)
    for (name, ours), theirs in zip(weights(parts).items(), weights(whole).values(), strict=True):
        np.testing.assert_array_equal(ours, theirs, err_msg=name)
    assert [line["images"] for line in read_metrics(parts / "metrics.jsonl")] == [4, 8, 12, 16, 20, 24]
    runs.train(dataclasses.replace(TINY, kimg=0.024), parts, resume=True)  # complete: nothing left to do
    assert len(read_metrics(parts / "metrics.jsonl")) == 6


def test_hours_end_a_run_and_more_of_them_continue_it(tmp_path, capsys, monkeypatch):
    # A second a batch, as the clock tells it.
    ticks = iter(range(10_000))
    monkeypatch.setattr(clock, "time", types.SimpleNamespace(perf_counter=lambda: float(next(ticks))))
    preset = dataclasses.replace(TINY, kimg=100.0, hours=3 / 3600)
    out = runs.train(preset, tmp_path / "run")
    assert "(100 kimg, at most 0.000833333 hours) from the start" in capsys.readouterr().out
    images = [line["images"] for line in read_metrics(out / "metrics.jsonl")]
    assert images == [4, 8, 12] and run_records.read_run(out).state == "finished"
    runs.train(preset, out, resume=True)  # its time is up
    assert len(read_metrics(out / "metrics.jsonl")) == 3
    runs.train(dataclasses.replace(preset, hours=5 / 3600), out, resume=True)
    assert checkpoints(out / "checkpoints")[-1].name == "checkpoint-000000000020.npz"


def test_a_run_of_other_settings_is_refused(tmp_path):
    runs.train(TINY, tmp_path / "run")
    with pytest.raises(ValueError, match=r"(?s)other settings:\n  learning_rate: 0.01 there, 0.5 now$"):
        runs.train(dataclasses.replace(TINY, learning_rate=0.5, kimg=1.0), tmp_path / "run", resume=True)


def test_a_dry_run_writes_nothing(tmp_path, capsys):
    runs.train(TINY, tmp_path / "run", dry_run=True)
    assert not (tmp_path / "run").exists()
    assert "2 steps of 4" in capsys.readouterr().out


@dataclasses.dataclass(frozen=True)
class PenalizedPreset(ToyPreset):
    gamma: float = 2.5
    penalties: dict[str, float] = dataclasses.field(default_factory=lambda: {"r1": 10.0, "drift": 0.0})


def test_the_header_has_the_weights_of_penalties(tmp_path, capsys):
    runs.train(PenalizedPreset(kimg=0.008), tmp_path / "run", dry_run=True)
    assert "GFLOPs an image  gamma 2.5  r1 10  learning rates: critic 0.01" in capsys.readouterr().out


def test_gradients_that_stay_bad_stop_the_run(tmp_path):
    with pytest.raises(FloatingPointError, match="critic"):
        runs.train(dataclasses.replace(TINY, kimg=0.1, poisoned_from=1), tmp_path / "run")


def test_plain_lines_go_to_standard_error(tmp_path, capsys):
    runs.train(TINY, tmp_path / "run", console=Console(stderr=True))
    captured = capsys.readouterr()
    assert captured.out == "" and "0.0/0.0 kimg" in captured.err and "generator/loss" in captured.err


def test_precision_is_put_back(tmp_path):
    runs.train(dataclasses.replace(TINY, precision="mixed_bfloat16", kimg=0.004), tmp_path / "run")
    assert keras.config.dtype_policy().name == "float32"
    kinds = {array.dtype for array in weights(tmp_path / "run").values()}
    assert np.dtype("float32") in kinds and all(kind.kind in "fiu" for kind in kinds)  # no bfloat16 in the file


def test_precision_is_chosen_once_for_a_run(tmp_path, monkeypatch):
    preset = dataclasses.replace(TINY, precision="auto", kimg=0.004)
    monkeypatch.setattr(runs, "fast_precision", lambda: "mixed_bfloat16")
    runs.train(preset, tmp_path / "run")
    monkeypatch.setattr(runs, "fast_precision", lambda: "float32")
    runs.train(dataclasses.replace(preset, kimg=0.008), tmp_path / "run", resume=True)
    assert json.loads((tmp_path / "run" / "config.json").read_text())["settings"]["precision"] == "mixed_bfloat16"
    with pytest.raises(ValueError, match="precision"):
        runs.train(dataclasses.replace(preset, precision="float32"), tmp_path / "run", resume=True)
    runs.train(preset, tmp_path / "other")
    assert json.loads((tmp_path / "other" / "config.json").read_text())["settings"]["precision"] == "float32"


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends_write_the_same_files_without_tensorflow(tmp_path, backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    code = (
        "import sys; sys.modules['tensorflow'] = None; sys.path.insert(0, sys.argv[1]); "
        "import toy_system; print(toy_system.main(sys.argv[2]))"
    )
    environment = {**os.environ, "KERAS_BACKEND": backend, "CUDA_VISIBLE_DEVICES": ""}
    out = tmp_path / "run"
    command = [sys.executable, "-c", code, str(TESTS), str(out)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith(backend)
    check_run(out, 8)
    config = json.loads((out / "config.json").read_text())
    assert config["backend"] == backend and config["resolved"]["flops_an_image"] == TOY_FLOPS


@pytest.mark.slow
def test_two_devices_from_the_command_line(tmp_path, capsys, monkeypatch):
    """Two logical CPUs share each batch; images are counted once, and the run resumes."""
    out = tmp_path / "run"
    monkeypatch.setitem(presets.PRESETS, "toy", dataclasses.replace(TINY, batch_size=8, kimg=0.016))
    for more in ([], ["--resume", "--set", "kimg=0.032"]):
        arguments = ["train", "toy", "--out", str(out), "--strategy", "mirrored", "--devices", "cpu:0,cpu:1"]
        assert cli.main([*arguments, *more]) == 0, capsys.readouterr().err
    assert "backend tensorflow on cpu:0, cpu:1" in capsys.readouterr().out
    values = weights(out)
    assert values["images_seen/0000"] == 32
    assert all(np.isfinite(value).all() for value in values.values())
    assert [line["images"] for line in read_metrics(out / "metrics.jsonl")] == [8, 16, 24, 32]


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"strategy": "many"}, "`strategy` must be one of mirrored. Received: many"),
        ({"devices": ["GPU:7"]}, "`devices` must be among CPU:0.*Received: GPU:7"),
    ],
)
def test_devices_are_checked(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        runs.train(TINY, tmp_path / "run", **arguments)


def test_deterministic_operations_are_asked_for(tmp_path, monkeypatch):
    tensorflow = pytest.importorskip("tensorflow")
    calls = []
    monkeypatch.setattr(tensorflow.config.experimental, "enable_op_determinism", lambda: calls.append(1))
    runs.train(TINY, tmp_path / "run", dry_run=True)
    runs.train(TINY, tmp_path / "run", dry_run=True, deterministic=True)
    assert calls == [1]


@pytest.mark.parametrize("number, code", [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signals_end_a_fit_after_its_step(tmp_path, capsys, monkeypatch, number, code):
    out, get = tmp_path / "run", toy_system.Poisoned.__getitem__

    def interrupting(batches, index):
        if index == 30:  # later than those that Keras looks at before it begins
            os.kill(os.getpid(), number)
        return get(batches, index)

    monkeypatch.setitem(
        presets.PRESETS, "toy", dataclasses.replace(TINY, kimg=1.0, grid_images=10**6, checkpoint_seconds=600)
    )
    monkeypatch.setattr(toy_system.Poisoned, "__getitem__", interrupting)
    before = signal.getsignal(number)
    try:
        returned = cli.main(["train", "toy", "--out", str(out)])
    except SystemExit as error:
        returned = error.code
    assert returned == code, capsys.readouterr().err
    assert signal.getsignal(number) in (before, signal.default_int_handler)
    record = run_records.read_run(out)
    assert record.state == "stopped" and 0 < record.kimg < 1.0
    # All that is written at the end of a run was written.
    assert checkpoints(out / "checkpoints")[-1].name == f"checkpoint-{round(record.kimg * 1000):012d}.npz"
    assert read_metrics(out / "metrics.jsonl")[-1]["kimg"] == record.kimg
    assert [file.name for file in (out / "images").iterdir()] == ["000000000000.png"]  # there is no time for another


def test_data_that_end_the_run_save_it_and_say_why(tmp_path, monkeypatch):
    """In `fit` TensorFlow would raise an error of its own, with a trace as its message."""

    class Ending:
        def __init__(self, batches):
            self.batches = batches

        def __getitem__(self, index):
            if index == 2:
                raise ValueError("3 of 10 pictures in photos are unreadable")
            return self.batches[index]

    def build(preset):
        system = toy_system.build_toy(preset)
        return dataclasses.replace(system, batches=Ending(system.batches))

    monkeypatch.setitem(systems.SYSTEMS, "toy", build)
    settings = dataclasses.replace(TINY, kimg=0.04, checkpoint_seconds=1e9)
    with pytest.raises(ValueError, match="^3 of 10 pictures in photos are unreadable$"):
        runs.train(settings, tmp_path / "run")
    assert checkpoints(tmp_path / "run" / "checkpoints")[-1].name == "checkpoint-000000000008.npz"
    record = run_records.read_run(tmp_path / "run")
    assert record.state == "failed" and "unreadable" in record.reason


def test_a_second_process_is_kept_away(tmp_path):
    out = tmp_path / "run"
    with run_records.running(out), pytest.raises(ValueError, match="`out` is being trained by another process"):
        runs.train(TINY, out)


def test_every_preset_has_a_builder():
    assert {preset.system for preset in presets.PRESETS.values()} <= set(systems.SYSTEMS)
    with pytest.raises(ValueError, match="`system` must be one of .*gan, .*multistyle, .*toy.*nothing"):
        systems.build(type("Other", (), {"system": "nothing"})())
