"""The curves of CIFAR-10: turns by images seen, going on, what is scored and printed. Trainings are stood in for."""

import json
import pathlib
import sys

import numpy as np
import pytest
from PIL import Image

from keras_stylegan.metrics import resize

BENCHMARKS = pathlib.Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import cifar_curves

    monkeypatch.setattr(cifar_curves.turns.gc, "collect", lambda: 0)  # seconds each, after many other tests
    yield cifar_curves
    for name in ("cifar_curves", "turns", "scene_quality", "scene_scores", "record"):
        sys.modules.pop(name, None)


class Colours:
    """Stands for a feature extractor: mean colours of the quarters of a picture."""

    batch_size = 8

    def prepare(self, picture):
        return resize(picture, 2, "box")

    def extract(self, prepared):
        return np.stack([picture.ravel() for picture in prepared]), None

    def __call__(self, pictures):
        return self.extract([self.prepare(picture) for picture in pictures])

    def protocol(self):
        return {"name": "colours"}


def pictures(count, dark):
    return np.random.default_rng(count).integers(0, 100 if dark else 256, (count, 32, 32, 3)).astype("uint8")


class Generator:
    def __init__(self, folder):
        self.dark = "SNGAN" not in str(folder)

    def generate(self, seeds):
        return pictures(len(seeds), self.dark)


def test_systems_take_turns_and_are_scored_against_what_nothing_trained_on(script, tmp_path, monkeypatch, capsys):
    real, trained = tmp_path / "real", []
    for index, picture in enumerate(pictures(20, False)):
        (real / "cat").mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(real / "cat" / f"{index}.png")

    def train(arguments):
        preset, out = arguments[1], pathlib.Path(arguments[arguments.index("--out") + 1])
        assert arguments[arguments.index("--data") + 1] == "train.zip" and "--resume" in arguments
        trained.append((preset, *(text for text in arguments if text.startswith(("kimg=", "size=", "seed=")))))
        images = int(1000 * float(trained[-1][1].partition("=")[2]))
        out.mkdir(exist_ok=True)
        (out / "metrics.jsonl").write_text(json.dumps({"images": images, "seconds": 7200.0}) + "\n")
        return 130 if len(trained) == 2 else int(preset == "wgan_gp_cifar10")

    monkeypatch.setattr(script.turns.cli, "main", train)
    monkeypatch.setattr(script, "build_extractor", lambda name, weights: Colours())
    monkeypatch.setattr(script, "open_generator", Generator)
    call = ["cifar_curves.py", "--data", "train.zip", "--real", str(real), "--weights", "w.npz", "--kimg", "4"]
    call += ["--points", "2", "--n", "24", "--set", "seed=3", "--out", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", call)
    with pytest.raises(SystemExit) as stopped:
        script.main()
    assert stopped.value.code == 130
    assert trained == [(preset, "kimg=2.0", "seed=3") for preset in ("dcgan_cifar10", "wgan_gp_cifar10")]
    script.main()
    # It goes on with what was stopped, and leaves alone what diverged.
    after = [("wgan_gp_cifar10", "2.0"), ("sngan", "2.0"), ("dcgan_cifar10", "4.0"), ("sngan", "4.0")]
    assert [(preset, kimg.partition("=")[2]) for preset, kimg, _ in trained[2:]] == after
    script.main()
    assert len(trained) == 6
    lines = [json.loads(line) for line in (tmp_path / "out" / "cifar_curves.jsonl").read_text().splitlines()]
    assert [line["system"] for line in lines] == ["DCGAN", "WGAN-GP", "SNGAN", "DCGAN", "SNGAN"]
    assert lines[1]["diverged"] and (lines[0]["real"], lines[0]["generated"], lines[0]["kimg"]) == (20, 24, 2.0)
    assert lines[0]["fd"] > 10 * lines[2]["fd"] > 0  # dark pictures are far from the real ones
    rows = capsys.readouterr().out.splitlines()[-5:]
    assert [row.split(" | ")[:2] for row in rows] == [
        ["| DCGAN", "2"], ["| WGAN-GP", "2"], ["| SNGAN", "2"], ["| DCGAN", "4"], ["| SNGAN", "4"],
    ]  # fmt: skip
    assert " | diverged |" in rows[1] and rows[0].startswith(f"| DCGAN | 2 | 2.00 | {lines[0]['fd']:.1f} | ")


@pytest.mark.parametrize("more", [["--points", "0"], ["--kimg", "0"], ["--only", "VAE"], ["--kimg", "1"]])
def test_mistakes(script, tmp_path, monkeypatch, more):
    sources = [] if more == ["--kimg", "1"] else ["--data", "t.zip", "--real", "v.zip", "--weights", "w.npz"]
    monkeypatch.setattr(sys, "argv", ["cifar_curves.py", "--out", str(tmp_path / "out"), *sources, *more])
    with pytest.raises(SystemExit) as ended:
        script.main()
    assert ended.value.code == 2 and not (tmp_path / "out").exists()


def test_a_run_of_other_settings_does_not_go_on(script, tmp_path):
    from resumed import check_resumed

    from keras_stylegan.presets import as_dict, get_preset, with_settings

    check_resumed(tmp_path, "wgan_gp_cifar10", ["seed=3"])  # no run yet
    settings = as_dict(with_settings(get_preset("wgan_gp_cifar10"), ["seed=3", "kimg=1"]))
    config = {"system": "gan", "settings": json.loads(json.dumps(settings)), "facts": {}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    check_resumed(tmp_path, "wgan_gp_cifar10", ["seed=3", "kimg=2", "data=elsewhere"])
    with pytest.raises(SystemExit, match="begun with other settings: seed; name another --out"):
        check_resumed(tmp_path, "wgan_gp_cifar10", ["kimg=2"])
    with pytest.raises(SystemExit, match="begun with other settings: .*loss.*penalties.*seed; name"):
        check_resumed(tmp_path, "dcgan_cifar10", [])
