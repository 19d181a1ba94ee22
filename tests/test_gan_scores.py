"""Scores while a GAN trains: what is logged is what the best run's generator scores, and training does not notice."""

import json

import numpy as np
import pytest

from keras_stylegan import cli, runs
from keras_stylegan.callbacks import checkpoints, read_metrics
from keras_stylegan.keras_files import load_network
from keras_stylegan.metrics import ImageScores, build_extractor
from keras_stylegan.models import generate
from keras_stylegan.presets import get_preset, with_settings

SMALL = ["size=8,8", "batch_size=4", "kimg=0.024", "classes=all", "flip=0", "log_images=4", "learning_rate=0.02"]
SCORED = ["score_kimg=0.008", "score_pictures=10", "score_metrics=kid,recall"]
NETWORKS = {
    "dcgan": ["latent_dim=4", "filters=4", "max_filters=4"],
    "stylegan2": [
        "latent_dim=4", "style_dim=4", "mapping_layers=1", "channel_base=32", "channel_max=4", "path_length_weight=0",
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Three of a dark class, six of a bright one."""
    path, rng = tmp_path_factory.mktemp("data") / "pictures.npz", np.random.default_rng(0)
    images = np.concatenate([rng.integers(0, 100, (3, 8, 8, 3)), rng.integers(150, 256, (6, 8, 8, 3))])
    np.savez(path, images=images.astype("uint8"), labels=np.repeat([0, 1], (3, 6)), classes=["dark", "bright"])
    return path


def trained(out, pictures, name, *settings):
    preset = with_settings(get_preset(name), [f"data={pictures}", *SMALL, *NETWORKS[name], *settings])
    return runs.train(preset, out)


def test_the_best_is_kept_as_a_run_and_scores_what_was_logged(pictures, tmp_path, eagerly, capsys):
    name = "dcgan"
    run = trained(tmp_path / "run", pictures, name, *SCORED, "checkpoint_seconds=0.001")
    lines = [line for line in read_metrics(run / "metrics.jsonl") if "score/KID-compact" in line]
    assert [line["images"] for line in lines] == [8, 16, 24] and all("score/recall-compact" in line for line in lines)
    best = min(lines, key=lambda line: line["score/KID-compact"])
    assert [path.name for path in checkpoints(run / "best" / "checkpoints")] == [
        f"checkpoint-{best['images']:012d}.npz"
    ]
    # The same by hand: all real pictures, generated ones of the classes that the first batches have.
    scores = ImageScores(build_extractor("compact"), ("kid", "recall"))
    with np.load(pictures) as file:
        scores.update_state(real=file["images"])
    generator = load_network(run / "best" / "generator.keras")
    told = json.loads((run / "config.json").read_text())
    assert told["settings"]["monitor"] == "score/KID-compact" and told["settings"]["score_pictures"] == 10
    order = first_labels(pictures, name)
    assert sorted(order) == [0] * 3 + [1] * 6
    scores.update_state(fake=generate(generator, range(10), np.resize(order, 10)))
    result = scores.result()
    for score in ("KID-compact", "recall-compact"):
        assert best[f"score/{score}"] == pytest.approx(result[score], rel=1e-3, abs=1e-6)
    assert "no best" not in capsys.readouterr().err
    assert cli.main(["runs", str(tmp_path)]) == 0
    assert f"score/KID-compact {best['score/KID-compact']:.4g} at {best['kimg']:g} kimg" in capsys.readouterr().out
    assert cli.main(["generate", "--from", str(run / "best"), "--n", "1", "-o", str(tmp_path / "made")]) == 0


def first_labels(pictures, name):
    from keras_stylegan import data

    preset = with_settings(get_preset(name), [f"data={pictures}", *SMALL, *NETWORKS[name]])
    batches = data.open(pictures, size=preset.size, batch_size=4, seed=preset.seed, flip=False, labels=True)
    return np.concatenate([batches[index]["labels"] for index in range(3)])[:9]


def test_training_does_not_notice_and_goes_on_from_the_best(pictures, tmp_path, eagerly):
    plain, scored = (trained(tmp_path / str(i), pictures, "stylegan2", *s) for i, s in enumerate(((), SCORED)))
    assert not (plain / "best").exists()
    for first, second in zip(*(load_network(run / "generator.keras").weights for run in (plain, scored)), strict=True):
        np.testing.assert_array_equal(first, second)
    begun = checkpoints(scored / "best" / "checkpoints")[0].name
    settings = [f"data={pictures}", *SMALL, *NETWORKS["stylegan2"], "kimg=0.032"]
    options = [text for setting in settings for text in ("--set", setting)]
    assert cli.main(["train", "stylegan2", "--out", str(scored / "best"), "--resume", *options]) == 0
    assert [path.name for path in checkpoints(scored / "best" / "checkpoints")] == [
        begun, "checkpoint-000000000032.npz",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "setting, message",
    [
        ("score_metrics=fdd", "`metrics` names an unknown one. Close to it: fd. Received: 'fdd'"),
        ("score_metrics=", "`metrics` must name each metric once, and at least one"),
        ("score_extractor=inception", "`extractor` names an unknown one. Close to it: inception_v3, xception"),
        ("score_extractor=mobilenet", "`weights` must name the local weight file of mobilenet"),
        ("score_weights=none.npz", "none.npz"),
        ("score_pictures=1", "`score_pictures` must be at least 2. Received: score_pictures=1"),
        ("score_kimg=-1", "`score_kimg` must be finite and not negative. Received: score_kimg=-1.0"),
    ],
)
def test_mistakes_are_told_before_training(setting, message, pictures, tmp_path, capsys):
    settings = [f"data={pictures}", *SMALL, *NETWORKS["dcgan"], *SCORED, setting]
    options = [text for setting in settings for text in ("--set", setting)]
    assert cli.main(["train", "dcgan", "--out", str(tmp_path / "run"), *options]) == 2
    assert message in capsys.readouterr().err and not (tmp_path / "run" / "config.json").exists()
