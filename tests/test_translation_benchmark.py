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


def absolute_difference(one, other):
    return np.abs(one - other).mean((1, 2, 3))


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


def test_what_is_trained_and_scored(tmp_path, monkeypatch):
    """Each paired set with the critic and by L1 alone, an unpaired one both ways, the domains together."""
    import translation_training

    a, b = (write(tmp_path / name, [f"{i}.png" for i in range(9)], 0) for name in ("label", "photo"))
    trained, scored, recorded = [], [], {}
    monkeypatch.setattr(translation_training, "train_run", lambda *given: trained.append(given))
    monkeypatch.setattr(translation_training, "open_extractor", lambda arguments: "extractor")
    monkeypatch.setattr(translation_training, "score", lambda *given: scored.append(given) or {"run": given[0].name})
    monkeypatch.setattr(translation_training, "score_domains", lambda *given: given)
    monkeypatch.setattr(translation_training, "record", lambda name, figures, *_: recorded.update(figures))
    monkeypatch.setattr(sys, "argv", [
        "x", "--out", str(tmp_path / "runs"), "--kimg", "4", "--set", "seed=3", "--paired", "streets", str(a), str(b),
        "--unpaired", "seasons", "sets", "--domain", "dark", str(a), str(b), "--domain", "bright", str(b), str(a),
    ])  # fmt: skip
    translation_training.main()
    runs, pairs = tmp_path / "runs", tmp_path / "runs" / "pairs" / "streets"
    falling = ["kimg=4.0", "seed=3"]
    sources = ["--data", pairs / "train" / "A", "--data-b", pairs / "train" / "B"]
    assert trained == [
        (runs / "streets_gan", "pix2pix_small", sources, falling, 4000),
        (runs / "streets_l1", "pix2pix_small", sources, [*falling, "adversarial_weight=0"], 4000),
        (runs / "seasons_cycle", "cyclegan_small", ["--data", "sets"], falling, 4000),
        (
            runs / "domains", "multidomain_small", ["--data", runs / "domain_pictures" / "train"],
            ["kimg=4.0", "diversity_kimg=4.0", "seed=3"], 4000,
        ),
    ]  # fmt: skip
    held_out = (pairs / "test" / "A", pairs / "test" / "B", "extractor", True, "a_to_b", pairs / "train" / "B")
    unpaired = [pathlib.Path("sets") / name for name in ("testA", "testB", "trainB", "trainA")]
    assert scored == [
        (runs / "streets_gan", *held_out),
        (runs / "streets_l1", *held_out),
        (runs / "seasons_cycle", unpaired[0], unpaired[1], "extractor", False, "a_to_b", unpaired[2]),
        (runs / "seasons_cycle", unpaired[1], unpaired[0], "extractor", False, "b_to_a", unpaired[3]),
    ]
    assert [(row["way"], row["run"]) for row in recorded["table"]] == [
        ("a_to_b", "streets_gan"), ("a_to_b", "streets_l1"), ("a_to_b", "seasons_cycle"), ("b_to_a", "seasons_cycle")
    ]  # fmt: skip
    folder = runs / "domain_pictures"
    assert recorded["domains"] == (runs / "domains", folder / "test", "extractor", folder / "train")
    assert sorted(path.relative_to(folder).parts[:2] for path in folder.rglob("8.png")) == [
        ("test", "bright"), ("test", "dark"), ("train", "bright"), ("train", "dark")
    ]  # fmt: skip


def test_domains_that_a_translator_reaches_or_not(tmp_path, monkeypatch):
    """A translator that makes dark pictures whatever the domain, the same for two styles and other ones for two."""
    import domain_quality

    for part in ("test", "train"):
        for name, level in (("bright", 190), ("dark", 0)):
            write(tmp_path / part / name, [f"{i}.png" for i in range(6)], level)
    run = tmp_path / "run"
    run.mkdir()
    record = {"facts": {"domains": ["bright", "dark"]}, "settings": {"size": [16, 24]}}
    (run / "config.json").write_text(json.dumps(record))
    (run / "metrics.jsonl").write_text('{"images": 4000}\n')

    class Dark:
        def __init__(self, run, domain, seed):
            self.level = 20 * (seed // 2)

        def translate(self, picture):
            return np.full((16, 24, 3), self.level, "uint8")

    monkeypatch.setattr(domain_quality, "open_domain_translator", Dark)
    monkeypatch.setattr(domain_quality, "build_perceptual", lambda name: None)
    monkeypatch.setattr(
        domain_quality, "perceptual_distance", lambda network: lambda a, b: np.abs(a - b).mean((1, 2, 3))
    )
    extractor = Means()
    extractor.protocol = lambda: {"name": "means"}
    figures = domain_quality.score(run, tmp_path / "test", extractor, tmp_path / "train")
    assert (figures["kimg"], figures["taught"], figures["judge_accuracy"]) == (4, 12, [1, 1])
    assert figures["before"] == [0, 0] and figures["domain_accuracy"] == [0, 1]
    # Of the six pairs of four styles four differ, by 20 levels; of real pictures two pixels by sqrt(2 * 60^2 / 12).
    expected = np.sqrt(4 / 6) * 20 / np.sqrt(2 * (60**2 - 1) / 12)
    assert figures["diversity"] == pytest.approx([expected, expected], rel=0.05)
    expected = 4 / 6 * 20 / (60 / 3)
    assert figures["perceptual_diversity"] == pytest.approx([expected, expected], rel=0.05)
    halves = domain_quality.score(run, tmp_path / "test", extractor)
    assert halves["taught"] == 6 and halves["domain_accuracy"] == [0, 1]


def test_each_run_is_trained_once_and_a_failure_ends_the_command(run, tmp_path, monkeypatch, capsys):
    import translation_training

    called, checked = [], []

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
    monkeypatch.setattr(translation_training, "check_resumed", lambda *given: checked.append(given))
    translation_training.train_run(run, "pix2pix_small", ["--data", "x"], ["seed=3"], 4000)
    assert "finished before" in capsys.readouterr().out and not called
    translation_training.train_run(run, "pix2pix_small", ["--data", "x"], ["seed=3"], 4001)
    assert called[0][1:] == ["-m", "keras_stylegan.cli", "train", "pix2pix_small", "--data", "x", "--out", str(run),
                             "--resume", "--set", "seed=3"]  # fmt: skip
    assert called[0][0] == sys.executable and checked == [(run, "pix2pix_small", ["seed=3"])]
    with pytest.raises(SystemExit) as ended:
        translation_training.train_run(run, "pix2pix_small", [], [], 4001)
    assert ended.value.code == 130
