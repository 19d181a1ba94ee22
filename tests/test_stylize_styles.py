"""Calls of `stylize` on the packaged network paint what the same words in Python paint, and nothing else."""

import json

import numpy as np
import pytest
from PIL import Image
from stand_in import photograph

import keras_stylegan
from keras_stylegan import cli, pretrained
from keras_stylegan.inference import Bank, write_bank

INK, WAVE = "chinese_landscape_ink_1", "hokusai_great_wave"
WIDTH, HEIGHT = 96, 80


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Where a photograph, one with transparency, a style picture, masks and a bank lie."""
    folder = tmp_path_factory.mktemp("stylize")
    photo, left = photograph(WIDTH, HEIGHT), np.zeros((HEIGHT, WIDTH), np.uint8)
    left[:, : WIDTH // 2] = 255
    Image.fromarray(photo).save(folder / "photo.png")
    Image.fromarray(np.dstack([photo, left])).save(folder / "clear.png")
    Image.fromarray(photograph(120, 100, 5)[:, ::-1]).save(folder / "style.png")
    Image.fromarray(left).save(folder / "left.png")
    Image.new("L", (WIDTH, HEIGHT), 255).save(folder / "all.png")
    entry = pretrained.network_entry("multistyle")
    vectors = np.array(pretrained.packaged_transformer(entry).bank.style_vectors())
    write_bank(Bank({"mine": vectors[[3, 8]].mean(0)}, entry["style_space"]), folder / "bank.safetensors")
    return folder


# By name, the arguments of the command, what they are in Python, and of what the result must differ.
CALLS = {
    "a picture": (["--style-image", "style.png"], {"styles": "style.png"}, INK),
    "a picture and a name": (
        ["--style-image", "style.png=1", "--style", f"{WAVE}=3"], {"styles": {"style.png": 1, WAVE: 3}}, WAVE,
    ),
    "a bank": (["--style", f"mine=1,{INK}=1", "--bank", "bank.safetensors"], {"styles": {"mine": 1, INK: 1}}, INK),
    "tiles": (["--style", INK, "--tile"], {"styles": INK, "tile": True}, None),
    "alpha": (["--region", f"alpha:{INK}"], {"regions": [("alpha", INK)]}, INK),
    "a picture in a region": (["--region", "left.png:style.png"], {"regions": [("left.png", "style.png")]}, INK),
    "an overlap": (
        ["--region", f"left.png:{INK}", "--region", f"all.png:{WAVE}"],
        {"regions": [("left.png", INK), ("all.png", WAVE)]}, INK,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_the_command_paints_what_python_paints(name, place, monkeypatch, capsys):
    monkeypatch.chdir(place)
    arguments, options, other = CALLS[name]
    photo = "clear.png" if name == "alpha" else "photo.png"
    assert cli.main(["stylize", photo, "-o", "out.png", "--json", *arguments]) == 0
    told = capsys.readouterr()
    record = json.loads(told.out)
    assert (record["input"], record["width"], record["height"]) == (photo, WIDTH, HEIGHT)
    net = keras_stylegan.load(banks=["bank.safetensors"])
    painted = np.asarray(Image.open("out.png"), int)
    if name == "an overlap":
        assert "note: photo.png: the masks overlap on 50.0% of the picture, where their styles are mixed" in told.err
        with pytest.warns(UserWarning, match="the masks overlap"):
            expected = net.stylize(photo, **options)
    else:
        assert told.err == ""
        expected = net.stylize(photo, **options)
    assert np.abs(painted - np.asarray(expected, int)).max() <= 1
    if other:
        assert np.abs(painted[..., :3] - np.asarray(net.stylize("photo.png", other), int)).mean() > 2
    if name == "alpha":  # what is transparent stays
        np.testing.assert_array_equal(painted[:, -10:], np.asarray(Image.open(photo), int)[:, -10:])
        assert np.abs(painted[:, :10, :3] - np.asarray(Image.open(photo), int)[:, :10, :3]).mean() > 3


def test_a_batch_names_the_picture_that_a_mask_does_not_suit(place, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(place)
    call = ["stylize", "photo.png", "clear.png", "-o", str(tmp_path), "--region", f"alpha:{INK}"]
    assert cli.main(call) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["clear.png"]
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "keras-stylegan: 1 of 2 pictures failed:"
    assert lines[1] == "  photo.png: the mask `alpha` needs a photograph with transparency. Received: one without"


def test_a_name_as_long_as_no_file_s_is_an_unknown_style():
    with pytest.raises(ValueError, match="unknown style"):
        keras_stylegan.load().stylize(photograph(40, 30), "x" * 300)
