"""The table of scenes at equal time: turns, going on, what diverges, what is printed. Trainings are stood in for."""

import json
import pathlib
import sys

import pytest

BENCHMARKS = pathlib.Path(__file__).parents[1] / "benchmarks"
CALL = ["scene_table.py", "--real", "v.zip", "--train", "t.zip", "--weights", "w.npz", "--hours", "1", "--points", "2"]


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import scene_table

    monkeypatch.setattr(scene_table.turns.gc, "collect", lambda: 0)  # seconds each, after many other tests
    yield scene_table
    for name in ("scene_table", "turns", "scene_quality", "scene_scores", "record"):
        sys.modules.pop(name, None)


def call(script, monkeypatch, out, *more):
    monkeypatch.setattr(sys, "argv", [*CALL, "--out", str(out), *more])
    script.main()


def test_systems_take_turns_and_go_on(script, tmp_path, monkeypatch, capsys):
    trained = []

    def train(arguments):
        trained.append((arguments[1], *(text for text in arguments if text.startswith(("hours=", "size=")))))
        if len(trained) == 3:
            return 130
        return int(arguments[1] == "wgan_gp_scenes")

    def scores(system):
        scored = {"kid": 0.1, "precision": 0.5, "recall": 0.25, "class_agreement": 0.8}
        real = {"fd": 5.0, "kid": 0.0, "precision": 0.8, "recall": 0.75}
        return {"fd": 80.0 if system == "DCGAN" else 40.0, **scored, "hours": 0.5, "kimg": 9.0, "real_scores": real}

    monkeypatch.setattr(script.turns.cli, "main", train)
    monkeypatch.setattr(script, "Scores", lambda arguments: scores)
    more = ["--only", "DCGAN", "WGAN-GP", "StyleGAN2-NS-R1", "--set", "size=16,16"]
    with pytest.raises(SystemExit) as stopped:
        call(script, monkeypatch, tmp_path, *more)
    assert stopped.value.code == 130
    assert trained == [
        (preset, "hours=0.5", "size=16,16") for preset in ("dcgan_scenes", "wgan_gp_scenes", "stylegan2_scenes")
    ]
    call(script, monkeypatch, tmp_path, *more)
    # What diverged is left alone.
    assert [(preset, hours) for preset, hours, _ in trained[3:]] == [
        ("stylegan2_scenes", "hours=0.5"), ("dcgan_scenes", "hours=1.0"), ("stylegan2_scenes", "hours=1.0"),
    ]  # fmt: skip
    call(script, monkeypatch, tmp_path, *more)
    assert len(trained) == 6
    lines = [json.loads(line) for line in (tmp_path / "scene_table.jsonl").read_text().splitlines()]
    assert [line.get("diverged", line.get("fd")) for line in lines] == [80.0, True, 40.0, 80.0, 40.0]
    assert lines[0]["preset"] == "dcgan_scenes" and lines[0]["set"] == ["size=16,16"]
    capsys.readouterr()
    monkeypatch.setattr(sys, "argv", ["scene_table.py", "--out", str(tmp_path), "--table"])
    script.main()
    rows = capsys.readouterr().out.splitlines()[2:]
    assert rows[1:3] == [
        "| DCGAN | 0.50 | 9 | 80.0 | 1.00 | 0.1000 | 0.50 | 0.25 | 0.80 |",
        "| WGAN-GP | 0.50 | diverged | | | | | | |",
    ]
    assert rows[3].startswith("| StyleGAN2-NS-R1 | 0.50 | 9 | 40.0 | 0.50 |") and rows[-1].startswith(
        "| real pictures |"
    )


def test_presets_are_of_one_footing(script):
    from keras_stylegan.presets import PRESETS

    presets = [PRESETS[script.SYSTEMS[system]] for system in script.EQUAL]
    shared = ("size", "channels", "classes", "scale", "flip", "augment", "ema_half_life_kimg", "ema_ramp_up", "seed")
    for name in (*shared, "precision"):
        assert len({getattr(preset, name) for preset in presets}) == 1, name
    assert presets[0].classes == ",".join(script.CLASSES)
    assert [preset.loss for preset in presets] == ["non_saturating", "wasserstein", "non_saturating", "relativistic"]
    assert not any(getattr(preset, "decay_kimg", 0) or getattr(preset, "schedule_kimg", 0) for preset in presets)


@pytest.mark.parametrize("more", [["--points", "0"], ["--hours", "0"], ["--only", "VAE"]])
def test_mistakes(script, tmp_path, monkeypatch, more):
    with pytest.raises(SystemExit) as ended:
        call(script, monkeypatch, tmp_path / "out", *more)
    assert ended.value.code == 2 and not (tmp_path / "out").exists()
