"""Two steps, then a look at the files."""

import dataclasses
import importlib.util
import json
import os
import pathlib
import re
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


# The multi-style system and the command


@pytest.fixture
def pictures(tmp_path):
    rng = np.random.default_rng(0)
    for folder, count in (("photos", 3), ("paintings", 2)):
        (tmp_path / folder).mkdir()
        for index in range(count):
            picture = Image.fromarray(rng.integers(0, 256, (48, 40, 3), "uint8"))
            picture.save(tmp_path / folder / f"{folder}_{index}.png")
    return tmp_path


@pytest.fixture
def perceptual(tmp_path):
    """A random perceptual network with `compact`'s layout, a few channels wide."""
    rng = np.random.default_rng(0)
    arrays, channels = {}, 3
    arrays["preprocess/kernel"], arrays["preprocess/bias"] = np.eye(3)[None, None], np.zeros(3)
    for stage, convolutions in enumerate((2, 2, 3, 1), 1):
        for index in range(1, convolutions + 1):
            arrays[f"conv{stage}_{index}/kernel"] = rng.normal(size=(3, 3, channels, 4)) / 6
            arrays[f"conv{stage}_{index}/bias"] = np.zeros(4)
            channels = 4
    path = tmp_path / "perceptual.npz"
    np.savez(path, **arrays)
    return path


def command(pictures, perceptual, *more):
    sizes = ["crop_size=32", "widths=4,4,4", "num_blocks=1,1,1", "batch_size=2", "kimg=0.004", "grid_images=2"]
    settings = [f"--set={setting}" for setting in [*sizes, f"perceptual={perceptual}"]]
    sources = ["--content", str(pictures / "photos"), "--styles", str(pictures / "paintings")]
    return ["train", "multistyle", *sources, "--out", str(pictures / "run"), *settings, *more]


@pytest.mark.slow
def test_train_multistyle(pictures, perceptual, capsys):
    critic = ["--set=critic_weight=0.1", "--set=critic_steps=2"]
    assert cli.main(command(pictures, perceptual, *critic, "--set=log_images=2")) == 0, capsys.readouterr().err
    out = pictures / "run"
    config = json.loads((out / "config.json").read_text())
    assert config["facts"]["styles"] == ["paintings_0", "paintings_1"] and config["facts"]["photographs"] == 3
    network = keras.models.load_model(out / "network.keras")
    assert network.num_styles == 2 and network.widths == (4, 4, 4)
    terms = {"content", "style_gram", "variation", "photograph", "adversarial"}
    expected = {f"generator/{term}" for term in terms} | {"critic/wasserstein", "critic/penalty"}
    last = read_metrics(out / "metrics.jsonl")[-1]
    assert expected <= set(last)
    assert any(f"style/{style}/gram" in last for style in config["facts"]["styles"])
    assert np.asarray(Image.open(out / "images" / f"{4:012d}.png")).shape == (3 * 32, 3 * 32, 3)


@pytest.mark.slow
@pytest.mark.parametrize("half_life", [0.0, 2.0])
def test_the_averaged_network_is_what_a_multistyle_run_saves(pictures, perceptual, half_life, tmp_path):
    preset = presets.MultiStylePreset(
        content=str(pictures / "photos"), styles=str(pictures / "paintings"), perceptual=str(perceptual),
        crop_size=32, widths=(4, 4, 4), num_blocks=(1, 1, 1), batch_size=2, ema_kimg=half_life,
    )  # fmt: skip
    system = systems.build(preset)
    for index in range(2):
        system.model.update_step(system.batches[index])
    system.save(tmp_path)
    saved = keras.models.load_model(tmp_path / "network.keras")
    kept = system.model.network if half_life == 0 else system.model.ema
    for value, expected in zip(saved.get_weights(), kept.get_weights(), strict=True):
        np.testing.assert_array_equal(value, expected)
    assert np.array_equal(saved.bank.vectors, system.model.network.bank.vectors) == (half_life == 0)


@pytest.mark.slow
def test_a_multistyle_run_begins_with_another(pictures, perceptual, capsys, tmp_path, eagerly):
    assert cli.main(command(pictures, perceptual)) == 0, capsys.readouterr().err
    first = keras.models.load_model(pictures / "run" / "network.keras")
    # The same styles under other places in the bank, one of them new, and other stored vectors.
    (pictures / "paintings" / "a_new_one.png").write_bytes((pictures / "paintings" / "paintings_0.png").read_bytes())
    options = {"perceptual": str(perceptual), "crop_size": 32, "widths": (4, 4, 4), "num_blocks": (1, 1, 1)}
    sources = {"content": str(pictures / "photos"), "styles": str(pictures / "paintings")}
    preset = presets.MultiStylePreset(**sources, **options, start_from=str(pictures / "run"), bank_lr_multiplier=1.0)
    system = systems.build(preset)
    second = system.model.network
    assert system.facts["styles"] == ["a_new_one", "paintings_0", "paintings_1"]
    assert system.facts["begun_with"]["images_seen"] == 4
    vectors = np.array(first.bank.vectors) * 2
    np.testing.assert_allclose(second.bank.vectors[1:], vectors, rtol=1e-6)
    np.testing.assert_allclose(second.bank.photograph, np.array(first.bank.photograph) * 2, rtol=1e-6)
    np.testing.assert_array_equal(second.stem.weights[0], first.stem.weights[0])
    with pytest.raises(ValueError, match="`start_from` must be the directory of a multistyle run, with network.keras"):
        systems.build(presets.MultiStylePreset(**sources, **options, start_from=str(tmp_path)))


@pytest.mark.parametrize(
    "settings, message",
    [
        (["crop_size=20"], "`crop_size` must be a multiple of 8.*20"),
        (["alphas=monet:2"], "`alphas` must name styles among paintings_0, paintings_1.*monet"),
        (["batch_size=3", "critic_steps=2"], "`batch_size` must be a multiple of `critic_steps`"),
        (["content="], "`content` must name the pictures"),
        (["styles=nowhere"], "`source` must be a folder of style pictures.*nowhere"),
        (["colour=blue"], "`--set` must name one of alphas, bank_lr_multiplier, batch_size.*colour"),
    ],
)
def test_mistakes_are_one_line(pictures, perceptual, settings, message, capsys):
    assert cli.main(command(pictures, perceptual, *(f"--set={s}" for s in settings))) == 2
    error = capsys.readouterr().err.strip()
    assert "\n" not in error
    assert re.search(message, error), error
    assert not (pictures / "run").exists()


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["multistyle", "--data", "a"], "`--data` is not for multistyle, which takes --content, --styles, --from"),
        (["pix2pix", "--data", "a", "--from", "b"], "`--from` is not for pix2pix, which takes --data, --data-b"),
        (["multistyle", "--content", "a"], "`styles` must name the pictures to train on. Received nothing"),
    ],
)
def test_sources_are_checked_first(arguments, message, tmp_path, capsys):
    assert cli.main(["train", *arguments, "--out", str(tmp_path / "run")]) == 2
    assert message in capsys.readouterr().err


def test_dry_run_command(pictures, perceptual, capsys):
    assert cli.main(command(pictures, perceptual, "--dry-run")) == 0
    assert '"widths": [' in capsys.readouterr().out and not (pictures / "run").exists()


def test_backend_of_a_running_process_cannot_change(pictures, perceptual, capsys):
    other = "jax" if keras.backend.backend() != "jax" else "torch"
    assert cli.main(command(pictures, perceptual, "--backend", other)) == 2
    assert "`--backend` must be" in capsys.readouterr().err


@pytest.mark.slow
def test_two_devices_from_the_command_line(tmp_path, capsys, monkeypatch):
    """Two logical CPUs share each batch; images are counted once, and the run resumes."""
    out = tmp_path / "run"
    for kimg, more in ((0.016, []), (0.032, ["--resume"])):
        monkeypatch.setitem(presets.PRESETS, "toy", dataclasses.replace(TINY, batch_size=8, kimg=kimg))
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
