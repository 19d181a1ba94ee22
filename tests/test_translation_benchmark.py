"""The benchmarks that train and score translators: what is held out, what is run again, what the figures say."""

import json
import pathlib
import sys

import numpy as np
import pytest
from PIL import Image

from keras_stylegan.networks import ResNetTranslator

BENCHMARKS = pathlib.Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))


class Means:
    """An extractor of two features."""

    name = "means"

    def __call__(self, pictures):
        return np.array([[picture[..., 0].mean(), picture[..., 2].mean()] for picture in pictures]), None


def write(folder, names, level):
    folder.mkdir(parents=True)
    rng = np.random.default_rng(len(names))
    for name in names:
        Image.fromarray(rng.integers(level, level + 60, (16, 24, 3), "uint8")).save(folder / name)
    return folder


@pytest.fixture
def run(tmp_path):
    """A run whose translator returns the same grey for every picture."""
    folder = tmp_path / "run"
    network = ResNetTranslator(1, 2)
    network.build()
    network.head.convolution.kernel.assign(np.zeros(network.head.convolution.kernel.shape))
    folder.mkdir()
    network.save(folder / "a_to_b.keras")
    (folder / "config.json").write_text(json.dumps({"system": "pix2pix", "settings": {"size": [16, 24]}}))
    (folder / "metrics.jsonl").write_text('{"images": 4000}\n')
    return folder


def test_scores_of_a_translator_that_paints_one_grey(run, tmp_path):
    from translation_quality import score

    names = [f"{i}.png" for i in range(5)]
    inputs, targets = write(tmp_path / "a", names, 20), write(tmp_path / "b", names, 190)
    figures = score(run, inputs, targets, Means(), paired=True, real=targets)
    assert (figures["kimg"], figures["pictures"], figures["size"], figures["fd"]) == (4, 5, [24, 16], "FD-means")
    assert figures["real"] == 0 and figures["diversity"] == 0 and figures["tone"] == 0
    assert figures["after"] == pytest.approx(2 * (219.5 - 127.5) ** 2, rel=0.05)
    assert figures["before"] == pytest.approx(2 * 170**2, rel=0.05)
    truths = np.stack([np.asarray(Image.open(targets / name), float) for name in names])
    errors = [np.mean((truth - 128) ** 2) for truth in truths]
    assert figures["psnr"] == pytest.approx(np.mean(10 * np.log10(255**2 / np.array(errors))), abs=0.1)
    (targets / "4.png").rename(targets / "5.png")
    with pytest.raises(ValueError, match="must have equal names with `--paired`. Alone are: 4, 5"):
        score(run, inputs, targets, Means(), paired=True)
    with pytest.raises(ValueError, match="must hold two pictures or more. It holds 0"):
        score(run, inputs, tmp_path / "run", Means())


def test_every_eighth_pair_is_held_out_of_both_sides(tmp_path):
    from translation_training import split

    a = write(tmp_path / "a", [f"{i:02}.png" for i in range(10)], 0)
    b = write(tmp_path / "b", [f"{i:02}.jpg" for i in range(10)], 90)
    for _ in range(2):  # the second time everything is there
        train, test = split(tmp_path / "work", a, b)
        assert [sorted(file.stem for file in folder.iterdir()) for folder in test] == [["00", "08"]] * 2
        assert [len(list(folder.iterdir())) for folder in train] == [8, 8]
    assert split(tmp_path / "other", a, b, b, a) == ((a, b), (b, a)) and not (tmp_path / "other").exists()


def test_each_run_is_trained_once_and_a_failure_ends_the_command(run, tmp_path, monkeypatch, capsys):
    import translation_training

    called = []

    class Process:
        returncode = None

        def __init__(self, command):
            called.append(command)

        def wait(self):
            if len(called) == 2 and not hasattr(self, "asked"):
                self.asked = True
                raise KeyboardInterrupt  # the run saves before it ends
            self.returncode = 130 * (len(called) == 2)

    monkeypatch.setattr(translation_training.subprocess, "Popen", Process)
    monkeypatch.setattr(translation_training.signal, "signal", lambda *given: None)
    translation_training.train_run(run, "pix2pix_small", ["--data", "x"], ["seed=3"], 4000)
    assert "finished before" in capsys.readouterr().out and not called
    translation_training.train_run(run, "pix2pix_small", ["--data", "x"], ["seed=3"], 4001)
    assert called[0][1:] == ["-m", "keras_stylegan.cli", "train", "pix2pix_small", "--data", "x", "--out", str(run),
                             "--resume", "--set", "seed=3"]  # fmt: skip
    assert called[0][0] == sys.executable
    with pytest.raises(SystemExit) as ended:
        translation_training.train_run(run, "pix2pix_small", [], [], 4001)
    assert ended.value.code == 130
