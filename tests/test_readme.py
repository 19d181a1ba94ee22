"""What README shows runs as it stands there."""

import pathlib
import re
import shlex

import keras
import numpy as np
import pytest
from PIL import Image
from stand_in import photograph

from keras_stylegan import cli, pretrained

ROOT = pathlib.Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(python)?\n(.*?)```", README, flags=re.DOTALL)


def test_links_lead_to_files():
    targets = re.findall(r"\]\(([^)#]+)\)", README)
    assert len(targets) > 10
    assert not [target for target in targets if "://" not in target and not (ROOT / target).exists()]


def test_the_system_of_your_own_trains():
    code = next(text for kind, text in BLOCKS if kind and "class GAN" in text)
    names = {}
    exec(compile(code, "README.md", "exec"), names)
    generator = keras.Sequential([keras.Input((64,)), keras.layers.Dense(12), keras.layers.Reshape((2, 2, 3))])
    discriminator = keras.Sequential([keras.Input((2, 2, 3)), keras.layers.Flatten(), keras.layers.Dense(1)])
    model = names["GAN"](generator, discriminator, seed=0)
    optimizers = {name: keras.optimizers.Adam(1e-3, beta_1=0.0) for name in ("generator", "discriminator")}
    model.compile(optimizers, ema={"half_life_kimg": 10})
    logs = model.make_step()({"images": np.random.default_rng(0).normal(size=(4, 2, 2, 3)).astype("float32")})
    assert {"discriminator/adversarial", "discriminator/r1", "generator/adversarial"} <= set(logs)
    assert logs["images_seen"] == 4


def test_python_of_use_and_data_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pathlib.Path("photos").mkdir()
    for number in range(16):
        Image.fromarray(photograph(96, 80, number)).save(f"photos/{number}.jpg")
    Image.fromarray(photograph(96, 80)).save("photo.jpg")
    blocks = [text for kind, text in BLOCKS if kind and "class GAN" not in text]
    assert len(blocks) == 2
    names = {}
    for code in blocks:
        exec(compile(code, "README.md", "exec"), names)
    with Image.open("painted.jpg") as painted:
        assert painted.size == names["picture"].size == (96, 80)
    assert names["first"].shape == (16, 64, 64, 3)


def command_lines():
    lines = [line for kind, text in BLOCKS if not kind for line in text.splitlines()]
    return [part for line in lines for part in re.findall(r"(keras-stylegan [^|&>\[]+)", line)]


@pytest.mark.parametrize("line", command_lines())
def test_commands_are_understood(line, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    # No file of these names exists: what is to be seen is that the arguments themselves are accepted.
    arguments = shlex.split(line)[1:]
    if arguments[0] in ("demo", "styles"):
        return
    if "-" in arguments:
        arguments[arguments.index("-")] = "missing.jpg"
    if arguments[0] in ("generate", "interpolate", "directions", "mix") and "--from" not in arguments:
        assert cli.main(arguments) == 0  # the packaged generator needs no file
        return
    assert cli.main(arguments) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "usage" not in error
    placeholders = (
        "photo any_picture mine upscaler missing.jpg PHOTOGRAPHS PAIRS SETS DOMAINS painting RUN SCENES DIR ENCODER"
    )
    assert any(word in error for word in placeholders.split())


def test_sizes_are_those_of_the_packaged_network():
    entry = pretrained.network_entry("multistyle")
    assert f"One network of {entry['parameters'] / 1e6:.2f} M parameters" in README
    assert f"from one {entry['litert']['bytes'] / 1e6:.1f} MB file" in README


def test_styles_named_in_readme_are_packaged():
    names = {style["name"] for style in pretrained.network_entry("multistyle")["styles"]}
    lines = [line for line in README.splitlines() if "--bank" not in line]  # where own styles are named too
    mentioned = set(re.findall(r"--style ([a-z_0-9=,.]+)", "\n".join(lines)))
    assert {name.partition("=")[0] for text in mentioned for name in text.split(",") if "." not in text} <= names
    assert f"any of {len(names)} named styles" in README
