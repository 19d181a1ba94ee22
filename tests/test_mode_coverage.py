"""The mode-coverage benchmark: its scores on samples whose answer is known, and a few steps of it."""

import json
import math
import os
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest
from PIL import Image

BENCHMARKS = pathlib.Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def scripts():
    sys.path.insert(0, str(BENCHMARKS))
    try:
        import coverage_data
        import coverage_model
        import mode_coverage
    finally:
        sys.path.remove(str(BENCHMARKS))
    return coverage_data, coverage_model, mode_coverage


@pytest.mark.parametrize("name, modes, sigma", [("grid", 25, 0.05), ("ring", 8, 0.01)])
def test_scores_of_known_samples(scripts, name, modes, sigma):
    data = scripts[0].DATA[name]()
    assert (len(data.means), data.sigma) == (modes, sigma)
    random = np.random.default_rng(0)
    ideal = data.score_points(data.sample(2500, random))
    assert ideal["modes"] == modes and ideal["reverse_kl"] < 0.02
    # The share of a Gaussian of the plane within three standard deviations.
    assert ideal["high_quality"] == pytest.approx(1 - math.exp(-4.5), abs=0.01)
    dropped = data.score_points(np.repeat(data.means[1:], 100, axis=0))
    kl = math.log(modes / (modes - 1))
    assert dropped == {"modes": modes - 1, "high_quality": 1.0, "reverse_kl": pytest.approx(kl)}
    collapsed = data.score_points(np.repeat(data.means[:1], 2500, axis=0))
    assert collapsed == {"modes": 1, "high_quality": 1.0, "reverse_kl": pytest.approx(math.log(modes))}
    noise = data.score_points(np.full((2500, 2), 100.0))
    assert noise == {"modes": 0, "high_quality": 0.0, "reverse_kl": math.inf}
    edge = data.means[[0, 0]] + [[0.0, 2.9 * sigma], [0.0, 3.1 * sigma]]
    assert data.score_points(edge)["high_quality"] == 0.5


def test_networks_see_the_data_at_unit_scale(scripts):
    data = scripts[0].grid()
    batch = data.batch((4000, 3), np.random.default_rng(0))
    assert batch.shape == (4000, 3, 2) and batch.dtype == np.float32
    assert batch.std() == pytest.approx(1.0, abs=0.02)
    scores = data.score(batch[:, 1])
    assert scores["modes"] == 25 and scores["high_quality"] > 0.98


def test_stacked_digits_are_told_apart(scripts):
    pytest.importorskip("sklearn")
    data = scripts[0].StackedDigits()
    assert data.accuracy > 0.97
    batch = data.batch((40, 100), np.random.default_rng(0)).reshape(4000, -1)
    assert batch.shape == (4000, 768) and batch.min() == -1.0 and batch.max() == 1.0
    whole = data.score(batch)
    # 4,000 draws leave 1,000 e^-4 = 18 of 1,000 modes out; a perfect sampler's KL is about (modes - 1) / (2 draws).
    assert 960 < whole["modes"] < 1000 and whole["reverse_kl"] == pytest.approx(999 / 8000, abs=0.05)
    one = data.score(np.repeat(batch[:1], 50, axis=0))
    assert one == {"modes": 1, "reverse_kl": pytest.approx(math.log(1000))}


def make(scripts, loss, copies, updates="alternating", critic_steps=1):
    keras.utils.set_random_seed(0)
    model = scripts[1].CoverageGAN(copies, 2, 3, 8, 2, 0.5, loss, 0.3, 0.7, critic_steps)
    optimizers = {name: keras.optimizers.SGD(0.1) for name in ("critic", "generator")}
    model.compile(optimizers, updates, ema={"half_life_kimg": 1.0})
    return model


@pytest.mark.parametrize("updates", ["alternating", "simultaneous"])
@pytest.mark.parametrize("loss", ["RpGAN+R1+R2", "WGAN-GP"])
def test_copies_train_as_if_alone(scripts, loss, updates):
    random = np.random.default_rng(1)
    shapes = {"points": (6, 3, 2), "latents": (6, 3, 3), "alphas": (6, 3, 1)}
    batch = {name: random.uniform(size=shape).astype("float32") for name, shape in shapes.items()}
    together = make(scripts, loss, 3, updates)
    before = [np.array(w) for w in together.get_weights()]
    together.update_step({k: keras.ops.convert_to_tensor(v) for k, v in batch.items()})
    assert all(not np.allclose(w, b) for w, b in zip(together.get_weights(), before, strict=True) if w.shape[1] > 1)
    alone = make(scripts, loss, 1, updates)
    for copy in (0, 2):
        alone.set_weights([w[copy : copy + 1] for w in before])
        alone.critic.directions = together.critic.directions[copy : copy + 1]
        alone.update_step({k: keras.ops.convert_to_tensor(v[:, copy : copy + 1]) for k, v in batch.items()})
        for own, all_copies in zip(alone.get_weights(), together.get_weights(), strict=True):
            np.testing.assert_allclose(own[0], all_copies[copy], rtol=1e-4, atol=1e-6)


def test_a_few_steps_and_going_on(scripts, tmp_path, monkeypatch, capsys):
    data, _, script = scripts
    monkeypatch.setattr(data, "TRAINING_POINTS", 1000)
    experiments = [
        script.Experiment("ring", "RpGAN+R1+R2", "simultaneous", seeds=2),
        script.Experiment("ring", "WGAN-GP", seeds=1),
        script.Experiment("grid", "NS", seeds=1),
    ]
    monkeypatch.setattr(script, "EXPERIMENTS", experiments)
    small = script.Settings(width=8, depth=1, batch=8)
    monkeypatch.setattr(script, "SETTINGS", {"ring": small, "grid": small})
    call = ["mode_coverage.py", "--only", "ring", "--steps", "10", "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", call)
    script.main()
    lines = [json.loads(line) for line in (tmp_path / "mode_coverage.jsonl").read_text().splitlines()]
    assert [line["experiment"] for line in lines] == ["ring-RpGAN+R1+R2-simultaneous", "ring-WGAN-GP-alternating"]
    assert [len(line["scores"]) for line in lines] == [2, 1]
    assert set(lines[0]["scores"][0]) == {"modes", "high_quality", "reverse_kl"}
    assert lines[0]["settings"]["steps"] == 10
    (samples,) = tmp_path.glob("ring-RpGAN+R1+R2-simultaneous-*.npz")
    with np.load(samples) as stored:
        assert stored["samples"].shape == (2500, 1, 2) and np.isfinite(stored["samples"]).all()

    trained, run = [], script.run
    monkeypatch.setattr(
        script, "run", lambda experiment, *others: trained.append(experiment) or run(experiment, *others)
    )
    script.main()
    assert not trained  # nothing is left to run
    other = ["5" if text == "10" else text for text in call]
    monkeypatch.setattr(sys, "argv", [*other, "--losses", "WGAN-GP"])
    script.main()
    assert [experiment.loss for experiment in trained] == ["WGAN-GP"]  # other settings are another experiment
    monkeypatch.setattr(sys, "argv", [*call, "--table"])
    capsys.readouterr()
    script.main()
    out = capsys.readouterr().out
    assert "| RpGAN+R1+R2 | simultaneous | 2 |" in out and "| PacGAN2, PacGAN's table 1 |" in out
    assert "| WGAN-GP | alternating | 1 |" in out and len(list(tmp_path.glob("ring-WGAN-GP-*.npz"))) == 2
    with Image.open(tmp_path / "mode_coverage_ring.png") as picture:
        assert picture.size == (2 * 200, 2 * 220)  # two losses, two kinds of updates


def test_what_diverges_is_said(scripts, tmp_path, monkeypatch, capsys):
    script = scripts[2]

    def diverge(*arguments):
        raise FloatingPointError("the gradient was not finite")

    monkeypatch.setattr(script, "EXPERIMENTS", [script.Experiment("ring", "NS")])
    monkeypatch.setattr(script, "run", diverge)
    monkeypatch.setattr(sys, "argv", ["mode_coverage.py", "--out", str(tmp_path)])
    script.main()
    monkeypatch.setattr(sys, "argv", ["mode_coverage.py", "--out", str(tmp_path), "--table"])
    script.main()
    assert "| NS | alternating | 3 | diverged | | |" in capsys.readouterr().out


def test_the_table_says_by_what_protocol(scripts, capsys):
    line = {
        "data": "digits",
        "loss": "NS",
        "updates": "alternating",
        "seeds": 1,
        "classifier_accuracy": 0.9789,
        "seconds": 5400,
    }
    scripts[2].print_table({"digits-NS": {**line, "scores": [{"modes": 812, "reverse_kl": 0.5}]}})
    out = capsys.readouterr().out
    assert "| NS | alternating | 1 | 812.0 (812) |  | 0.500 |" in out
    assert out.count("is right on 97.9% of digits it has not seen") == 1
    assert (
        "PacGAN's rows are means of ten trials of 400,000 steps" in out and out.count("PacGAN4, PacGAN's table 1") == 2
    )
    # No mode at all: null in the file.
    scripts[2].print_table({"digits-NS": {**line, "scores": [{"modes": 0, "reverse_kl": None}]}})
    assert "| NS | alternating | 1 | 0.0 (0) |  | inf |" in capsys.readouterr().out


def test_experiments_are_those_of_the_question(scripts):
    """All losses on the same networks, ten seeds of the last, both ways to update; digits by the ablation of R3GAN."""
    script, counted = scripts[2], {}
    for one in script.EXPERIMENTS:
        counted.setdefault((one.data, one.updates), {})[one.loss] = one.seeds
    plane = {"RpGAN+R1+R2": 10, "NS": 3, "NS+R1": 3, "WGAN-GP": 3}
    digits = counted.pop(("digits", "alternating"))
    assert counted == {(data, u): plane for data in ("grid", "ring") for u in ("alternating", "simultaneous")}
    assert set(digits) >= {"RpGAN+R1+R2", "NS+R1+R2", "RpGAN+R1", "NS+R1"}
    assert script.SETTINGS["grid"] == script.SETTINGS["ring"]


SCANNED = """
import keras, numpy as np
from coverage_model import CoverageGAN, make_steps
points = np.random.default_rng(0).normal(size=(4, 6, 2, 2)).astype("float32")
weights = []
for scanned in (False, True):
    model = CoverageGAN(2, 2, 3, 8, 2, 0.5, "RpGAN+R1+R2", 0.3, 0.7, 1)
    model.compile({name: keras.optimizers.Adam(1e-2) for name in ("critic", "generator")}, ema={"half_life_kimg": 1.0})
    if scanned:
        assert np.isfinite(make_steps(model)(points))
    else:
        step = model.make_step()
        for part in points:
            step({"points": part})
    weights.append([np.array(v.value) for v in model.state_variables().values()])
assert len(weights[0]) > 30
for one, other in zip(*weights):
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
"""


@pytest.mark.slow
def test_many_steps_in_a_call_are_those_of_the_package():
    pytest.importorskip("jax")
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(BENCHMARKS)}
    done = subprocess.run([sys.executable, "-c", SCANNED], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
