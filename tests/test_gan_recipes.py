"""Every recipe of a GAN runs for two steps and leaves what inference needs."""

import json
import pathlib
import re
import runpy
import sys

import keras
import numpy as np
import pytest
from PIL import Image

from keras_stylegan import cli
from keras_stylegan.callbacks import read_metrics
from keras_stylegan.latents import seeded_latents
from keras_stylegan.presets import PRESETS
from keras_stylegan.systems.base import begun_with

TRAINING = pathlib.Path(__file__).parents[1] / "training"
TINY = {"size": "8,8", "latent_dim": 4, "filters": 4, "max_filters": 8}
# name: what differs from the settings above.
RECIPES = {name: {} for name in ("wgan", "wgan_gp", "sngan")}
RECIPES["lsgan"] = {"augment": "scheduled", "augment_probability": 0.5, "schedule_kimg": 1.0}
RECIPES |= {"gan": {"augment": "ada"}, "dcgan": {"augment": "diffaugment"}}
RECIPES["progressive"] = {"stable_kimg": 0.001, "fade_kimg": 0.001}
RECIPES["stylegan"] = {"stable_kimg": 0.001, "fade_kimg": 0.001, "style_dim": 4, "mapping_layers": 2}
RECIPES["infogan"] = {"latent_dim": 14}
RECIPES["r3gan"] = {"group_width": 4, "augment": "none"}
# What the presets of StyleGAN2 have instead of `filters` and `max_filters`.
STYLE_BASED = {"filters": None, "max_filters": None, "channel_base": 32, "channel_max": 4, "style_dim": 4}
RECIPES["stylegan2"] = {**STYLE_BASED, "mapping_layers": 2, "group_size": 2, "path_length_every": 2}
RECIPES["stylegan2_ada"] = {**STYLE_BASED, "mapping_layers": 2, "group_size": 2, "path_length_weight": 0}
CLASSIC = {name: PRESETS[name] for name in ("gan", "dcgan", "lsgan", "wgan", "wgan_gp", "sngan")}
# Recipes whose preset has another name.
NAMES = {"r3gan": "r3gan_small"}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Two classes: dark and bright."""
    path = tmp_path_factory.mktemp("data") / "pictures.npz"
    rng = np.random.default_rng(0)
    images = np.concatenate([rng.integers(0, 100, (6, 10, 12, 3)), rng.integers(150, 256, (6, 10, 12, 3))])
    np.savez(path, images=images.astype("uint8"), labels=np.repeat([0, 1], 6), classes=["dark", "bright"])
    return path


def settings(changes):
    chosen = {key: value for key, value in {**TINY, **changes}.items() if value is not None}
    return [text for key, value in chosen.items() for text in ("--set", f"{key}={value}")]


@pytest.mark.parametrize("name", RECIPES)
def test_recipe_takes_two_steps(name, pictures, tmp_path, monkeypatch, eagerly):
    # Two critic updates stand for five.
    steps = min(2, getattr(PRESETS[NAMES.get(name, name)], "critic_steps", 1))
    changes = {"critic_steps": steps if steps > 1 else None, "batch_size": 2 * steps, "kimg": 0.004 * steps}
    changes |= RECIPES[name]
    arguments = ["--data", str(pictures), "--out", str(tmp_path / "run"), *settings(changes)]
    monkeypatch.setattr(sys, "argv", [f"{name}.py", *arguments])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(TRAINING / f"{name}.py"), run_name="__main__")
    assert ended.value.code == 0
    last = read_metrics(tmp_path / "run" / "metrics.jsonl")[-1]
    assert last["images"] == 4 * steps and np.isfinite([last["critic/loss"], last["generator/loss"]]).all()
    generator = keras.models.load_model(tmp_path / "run" / "generator.keras")
    assert generator(np.zeros((1, generator.latent_dim), "float32")).shape[1:3] == generator.size


def test_every_recipe_trains_a_preset_and_has_its_row():
    table = (TRAINING / "README.md").read_text(encoding="utf-8")
    scripts = {path.name: path.read_text(encoding="utf-8") for path in TRAINING.glob("*.py")}
    for name, code in scripts.items():
        assert f"| `{name}` |" in table, name
        trained = re.findall(r'main\(\["train", "(\w+)"', code)
        assert name == "compact.py" or (len(trained) == 1 and trained[0] in PRESETS), name


def test_presets_are_the_gans_of_their_names():
    """What tells the classic systems apart is the loss, the penalty and the norm in the critic."""
    told = {name: (preset.loss, preset.critic_normalization, preset.critic_steps) for name, preset in CLASSIC.items()}
    assert told == {
        "gan": ("minimax", "batch", 1),
        "dcgan": ("non_saturating", "batch", 1),
        "lsgan": ("least_squares", "batch", 1),
        "wgan": ("wasserstein", "none", 5),
        "wgan_gp": ("wasserstein", "none", 5),
        "sngan": ("hinge", "spectral", 5),
    }
    assert {name for name, preset in CLASSIC.items() if preset.weight_limit} == {"wgan"}
    assert {name: preset.penalties for name, preset in CLASSIC.items() if preset.penalties} == {
        "wgan_gp": {"gradient_penalty": 10.0}
    }
    assert CLASSIC["sngan"].network == "resnet" and CLASSIC["sngan"].size == (32, 32)


def test_classes_channels_and_the_weights_of_another_run(pictures, tmp_path, capsys):
    first, second = tmp_path / "first", tmp_path / "second"
    common = ["train", "dcgan", "--data", str(pictures)]
    changes = {"batch_size": 4, "kimg": 0.004, "classes": "all", "channels": 1, "size": "8,12"}
    assert cli.main([*common, "--out", str(first), *settings(changes)]) == 0
    config = json.loads((first / "config.json").read_text())
    assert config["facts"]["classes"] == ["dark", "bright"]
    generator = keras.models.load_model(first / "generator.keras")
    assert generator.num_classes == 2 and generator.size == (8, 12) and generator.channels == 1
    changes |= {"learning_rate": 1e-12, "critic_learning_rate": 1e-12}
    assert cli.main([*common, "--from", str(first), "--out", str(second), *settings(changes)]) == 0
    begun = keras.models.load_model(second / "generator.keras")
    for ours, theirs in zip(generator.trainable_variables, begun.trainable_variables, strict=True):
        np.testing.assert_allclose(np.array(ours), np.array(theirs), atol=1e-6)
    capsys.readouterr()
    # What a class was stays at its place.
    turned = settings(changes | {"classes": "bright,dark"})
    assert cli.main([*common, "--from", str(first), "--out", str(tmp_path / "third"), *turned]) == 2
    assert "`classes` must have those of `start_from` in the same places: dark, bright" in capsys.readouterr().err
    # The run that it began with moved, and had trained on.
    first.rename(tmp_path / "moved")
    newest = next((tmp_path / "moved" / "checkpoints").glob("*004.npz"))
    newest.rename(newest.with_name(newest.name.replace("004", "008")))
    longer = settings(changes | {"kimg": 0.008})
    call = [*common, "--from", str(tmp_path / "moved"), "--out", str(second), "--resume", *longer]
    assert cli.main(call) == 0
    assert read_metrics(second / "metrics.jsonl")[-1]["images"] == 8
    begun = json.loads((second / "config.json").read_text())["facts"]["begun_with"]
    assert begun["images_seen"] == 4 and begun_with(tmp_path / "moved")["images_seen"] == 8
    # What is not given is as it was, `--from` among it.
    assert cli.main(["train", "dcgan", "--out", str(second), "--resume", "--set", "kimg=0.012"]) == 0
    assert read_metrics(second / "metrics.jsonl")[-1]["images"] == 12
    assert cli.main(["train", "dcgan", "--out", str(second), "--resume", "--set", "batch_size=8"]) == 2
    told = capsys.readouterr().err
    assert "batch_size: 4 there, 8 now" in told
    assert f"{second} goes on as dcgan with batch_size=4, channels=1, classes=all, critic_learning_rate=1e-12," in told
    assert "critic_normalization" not in told and "monitor" not in told
    assert cli.main(["train", "wgan", "--out", str(second), "--resume"]) == 0  # a preset of the same system
    assert "goes on as wgan with" in (told := capsys.readouterr().err) and "loss=non_saturating" in told
    assert cli.main(["train", "multistyle", "--out", str(second), "--resume"]) == 2
    assert f"{second} holds a run of the system gan. Received: multistyle" in capsys.readouterr().err
    assert cli.main(["train", "dcgan", "--out", str(tmp_path / "none"), "--resume"]) == 2
    assert f"Received nothing, and {tmp_path / 'none'} holds no run to resume" in capsys.readouterr().err


def test_pictures_that_are_all_the_same_are_told_before_there_is_a_run(tmp_path, capsys):
    np.savez(tmp_path / "same.npz", images=np.full((8, 10, 12, 3), 7, "uint8"))
    call = ["train", "dcgan", "--data", str(tmp_path / "same.npz"), "--out", str(tmp_path / "x")]
    assert cli.main([*call, *settings({})]) == 2
    assert "the data must hold different pictures. Received: the first 16 are" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_growing_networks_must_grow(pictures, tmp_path, capsys):
    call = ["train", "progressive", "--data", str(pictures), "--out", str(tmp_path / "x"), "--set", "size=33,33"]
    assert cli.main(call) == 2
    assert "must be even on both sides and at least 8 pixels for network=progressive" in capsys.readouterr().err


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"network": "unet"}, "`network` must be one of dcgan"),
        ({"network": "stylegan"}, "`network` must be one of dcgan, resnet. Received: network=stylegan"),
        ({"size": "254,254"}, "which halves to 127x127"),
        ({"network": "resnet", "conditioning": "embedding"}, "`conditioning` is not for network=resnet"),
        ({"precision": "float16"}, "`precision` must be auto, float32 or mixed_bfloat16. Received: precision=float16"),
        ({"precision": "float12"}, "`precision` must be auto, float32 or mixed_bfloat16. Received: precision=float12"),
        ({"optimizer": "sgd"}, "`optimizer` must be one of adam, rmsprop. Received: optimizer=sgd"),
        ({"critic_steps": 3}, "`batch_size` must be a multiple of `critic_steps`, which share a batch. Received"),
        ({"loss": "hinj"}, "`loss` must be one of minimax, non_saturating, "),
        ({"loss": "hinj"}, "Received: loss=hinj. Did you mean hinge?"),
        ({"size": "64,6400"}, "`size` must be at most 4096 pixels a side. Received: size=(64, 6400)"),
        (
            {"start_from": "/nowhere"},
            "`start_from` must be the directory of a GAN's run or a packaged generator (scenes)",
        ),
        ({"penalties": "r1:1"}, "Received: critic_normalization=batch, penalties=r1"),
        ({"penalties": "gradient_penalty:10", "network": "resnet"}, "`critic_normalization` must be none or spectral"),
        ({"critic_steps": 2, "batch_size": 2, "updates": "simultaneous"}, "`critic_steps` must be 1 where both"),
        ({"frozen_blocks": 9}, "`frozen_blocks` must leave one of the critic's"),
    ],
)
def test_wrong_settings_are_one_line(changes, message, pictures, tmp_path, capsys):
    assert cli.main(["train", "dcgan", "--data", str(pictures), "--out", str(tmp_path / "x"), *settings(changes)]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_codes_are_read_and_steered_after_training(pictures, tmp_path, capsys, eagerly):
    first, second = tmp_path / "first", tmp_path / "second"
    changes = {"latent_dim": 16, "batch_size": 2, "kimg": 0.004, "categories": 3}
    command = ["train", "infogan", "--data", str(pictures), *settings(changes)]
    assert cli.main([*command, "--out", str(first)]) == 0
    reader = keras.models.load_model(first / "code_reader.keras")
    images = np.random.default_rng(0).uniform(-1, 1, (2, 8, 8, 3)).astype("float32")
    features = keras.models.load_model(first / "critic.keras").features(images, None)
    np.testing.assert_allclose(np.array(reader(images)), np.array(reader.head(features)), atol=1e-6)
    assert reader(images).shape == (2, 5) and np.ptp(reader(images)) > 0
    still = ["--set", "learning_rate=1e-12", "--set", "critic_learning_rate=1e-12"]
    assert cli.main([*command, *still, "--from", str(first), "--out", str(second)]) == 0
    assert "new: none" in capsys.readouterr().out
    begun = keras.models.load_model(second / "code_reader.keras")
    for one, other in zip(reader.head.weights, begun.head.weights, strict=True):
        np.testing.assert_allclose(np.array(other), np.array(one), atol=1e-6)
    generator = keras.models.load_model(first / "generator.keras")
    for variable in (variable for variable in generator.weights if variable.name == "kernel"):
        variable.assign(6 * variable)  # more than a shade of grey
    generator.save(first / "generator.keras")
    make = ["generate", "--from", str(first), "--n", "2", "--seed", "5"]
    for name, codes in (("own", []), ("chosen", ["--codes", "2,any,0.5"])):
        assert cli.main([*make, *codes, "-o", str(tmp_path / name)]) == 0, capsys.readouterr().err
    latents = generator.latents_with(seeded_latents([5, 6], 16), [2, None, 0.5])
    expected = np.array(generator(latents)) * 127.5 + 127.5
    shown = [np.asarray(Image.open(tmp_path / "chosen" / f"seed000{seed}.png"), "float32") for seed in (5, 6)]
    np.testing.assert_allclose(shown, expected, atol=1.01)
    other = np.asarray(Image.open(tmp_path / "own" / "seed0005.png"), "float32")
    assert np.abs(other - shown[0]).max() > 20
    for codes, message in (("2,0.5", "`codes` must be 1 categories and 2 numbers"), ("two", "`--codes` must be num")):
        assert cli.main([*make, "--codes", codes, "-o", str(tmp_path / "wrong")]) == 2
        assert message in capsys.readouterr().err
    assert cli.main(["generate", "--n", "1", "--codes", "2", "-o", str(tmp_path / "wrong")]) == 2
    assert "`codes` need a generator of InfoGAN. Received: scenes" in capsys.readouterr().err


def test_growth_goes_on_where_an_earlier_run_stood(pictures, tmp_path, capsys, eagerly):
    first, second = tmp_path / "first", tmp_path / "second"
    changes = {"batch_size": 2, "kimg": 0.008, "stable_kimg": 0.002, "fade_kimg": 0.004, "max_filters": 4}
    command = ["train", "progressive", "--data", str(pictures)]
    assert cli.main([*command, *settings(changes), "--out", str(first)]) == 0
    told = capsys.readouterr().out
    assert "is there after" not in told  # 4x4 alone, the fade, 8x8 alone
    changes |= {"kimg": 0.002, "size": "16,16"}
    assert cli.main([*command, *settings(changes), "--from", str(first), "--out", str(second)]) == 0
    told = " ".join(capsys.readouterr().out.split())
    expected = "note: 16x16 is there after 0.004 kimg; at 0.002 the largest size that has faded in is 8x8"
    assert expected in told
    assert float(keras.models.load_model(second / "generator.keras").progress) == 1.0
    longer = settings(changes | {"kimg": 0.004})
    assert cli.main([*command, *longer, "--from", str(first), "--out", str(second), "--resume"]) == 0
    assert float(keras.models.load_model(second / "generator.keras").progress) == 1.5


def test_data_must_be_named(tmp_path, capsys):
    assert cli.main(["train", "dcgan", "--out", str(tmp_path / "x")]) == 2
    assert "`data` must name the pictures to train on. Received nothing" in capsys.readouterr().err
