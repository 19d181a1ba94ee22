"""Runs of the multi-style system by the command: what they leave, begin with and refuse."""

import json
import re

import keras
import numpy as np
import pytest
from PIL import Image

from keras_stylegan import cli, presets, systems
from keras_stylegan.callbacks import read_metrics


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
    assert config["settings"]["monitor"] == "" and not (out / "best").exists()  # a loss against a critic marks no best
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
    # What marks the best: the whole loss, unless none is to be kept.
    for more, monitor in ([], "generator/loss"), (["--set=monitor=none"], ""):
        assert cli.main(command(pictures, perceptual, "--dry-run", *more)) == 0
        told = capsys.readouterr().out
        assert '"widths": [' in told and f'"monitor": "{monitor}"' in told
    assert not (pictures / "run").exists()


def test_backend_of_a_running_process_cannot_change(pictures, perceptual, capsys):
    other = "jax" if keras.backend.backend() != "jax" else "torch"
    assert cli.main(command(pictures, perceptual, "--backend", other)) == 2
    assert "`--backend` must be" in capsys.readouterr().err
