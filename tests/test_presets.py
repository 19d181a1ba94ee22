"""Presets are typed, listed and changed by text; mistakes are told with the valid names."""

import dataclasses
import json
import re
import typing

import pytest

from keras_stylegan import cli
from keras_stylegan.presets import PRESETS, MultiStylePreset, as_dict, from_dict, get_preset, with_settings


def test_settings_of_every_type():
    preset = with_settings(
        get_preset("multistyle"),
        ["seed=7", "kimg=2.5", "batch_size=1_000", "perceptual=a=b.npz", "scale=0.3,0.9", "widths=8,16,32",
         "alphas=munch_scream:2,a:b:0.5", "methods=gram:1,sorted:0.5"],
    )  # fmt: skip
    assert (preset.seed, preset.kimg, preset.batch_size, preset.perceptual) == (7, 2.5, 1000, "a=b.npz")
    assert preset.scale == (0.3, 0.9) and preset.widths == (8, 16, 32)
    assert preset.alphas == {"munch_scream": 2.0, "a:b": 0.5} and preset.methods == {"gram": 1.0, "sorted": 0.5}
    assert get_preset("multistyle").seed == 0  # the table is untouched
    assert with_settings(preset, ["alphas="]).alphas == {}


def test_a_side_alone_is_a_square_and_switches_take_words():
    preset = get_preset("dcgan")
    assert with_settings(preset, ["size=96"]).size == (96, 96)
    assert with_settings(preset, ["size=96,160"]).size == (96, 160)
    for text, value in (("no", 0), ("False", 0), ("off", 0), ("0", 0), ("yes", 1), ("true", 1), ("on", 1)):
        assert with_settings(preset, [f"flip={text}"]).flip == value
    for setting, rule in (("size=96x96", "a whole number and"), ("batch_size=yes", "a whole number")):
        with pytest.raises(ValueError, match=f"must be {rule}.* Received: {setting}"):
            with_settings(preset, [setting])
    with pytest.raises(ValueError, match="`size` must be .*, or one for both. Received: size=64,64,64"):
        with_settings(preset, ["size=64,64,64"])


@pytest.mark.parametrize(
    "setting, message",
    [
        ("seed", "`--set` must be key=value. Received: seed"),
        ("sead=1", "`--set` must name one of alphas, bank_lr_multiplier, batch_size.*seed.*Received: sead"),
        ("bank_lr_multiplie=1", "Received: bank_lr_multiplie. Did you mean bank_lr_multiplier"),
        ("seed=1.5", "`seed` must be a whole number. Received: seed=1.5"),
        ("kimg=many", "`kimg` must be a number. Received: kimg=many"),
        ("scale=0.5", "`scale` must be a number and a number, with commas between. Received: scale=0.5"),
        ("widths=1,2,x", "`widths` must be a whole number and"),
        ("methods=gram", "`methods` must be name:number pairs with commas between. Received: methods=gram"),
        ("batch_size=0", "`batch_size` must be finite and greater than 0. Received: batch_size=0"),
        ("kimg=nan", "`kimg` must be finite and greater than 0. Received: kimg=nan"),
        ("kimg=inf", "`kimg` must be finite and greater than 0. Received: kimg=inf"),
        ("widths=8,0,8", "`widths` must be finite and greater than 0. Received: widths=.8, 0, 8"),
        ("seed=-1", "`seed` must be finite and not negative. Received: seed=-1"),
        ("alphas=a:1,b:nan", "`alphas` must be finite and not negative. Received: alphas=.*nan"),
    ],
)
def test_wrong_settings_are_told(setting, message):
    with pytest.raises(ValueError, match=message):
        with_settings(get_preset("multistyle"), [setting])


@pytest.mark.parametrize("name", PRESETS)
def test_settings_of_a_run_come_back_as_they_were(name):
    preset = PRESETS[name]
    blank = type(preset)()
    assert from_dict(blank, {**json.loads(json.dumps(as_dict(preset))), "of_a_later_version": 1}) == preset


@pytest.mark.parametrize(
    "values, message",
    [
        ({"kimg": "abc"}, "`kimg` must be a number. Received: 'abc'"),
        ({"size": 64}, "`size` must be a whole number and a whole number, with commas between. Received: 64"),
        ({"size": [64]}, "`size` must be a whole number and a whole number"),
        ({"batch_size": 2.5}, "`batch_size` must be a whole number. Received: 2.5"),
        ({"data": 5}, "`data` must be text. Received: 5"),
        ({"penalties": {"r1": "x"}}, "`penalties` must be name:number pairs"),
        ({"kimg": -1.0}, "`kimg` must be finite and greater than 0"),
    ],
)
def test_damaged_settings_of_a_run_are_told(values, message):
    with pytest.raises(ValueError, match=message):
        from_dict(get_preset("dcgan"), values)


def test_zero_is_a_number_where_it_means_something():
    settings = ["critic_weight=0", "num_blocks=0,1,0", "cache_megabytes=0", "alphas=a:0"]
    preset = with_settings(get_preset("multistyle"), settings)
    assert preset.num_blocks == (0, 1, 0) and preset.alphas == {"a": 0.0}


def test_unknown_preset_lists_the_names():
    with pytest.raises(ValueError, match="`preset` must be one of .*, multistyle, multistyle_small.*. Received: x"):
        get_preset("x")


def test_steps_cover_kimg():
    assert MultiStylePreset(kimg=1.0, batch_size=4).steps == 250
    assert MultiStylePreset(kimg=1.001, batch_size=4).steps == 251


def test_every_setting_is_documented_and_settable():
    for preset in PRESETS.values():
        documented = set()
        for kind in type(preset).__mro__:
            documented |= set(re.findall(r"^        (\w+):", kind.__doc__ or "", re.MULTILINE))
        hints = typing.get_type_hints(type(preset))
        for field in dataclasses.fields(preset):
            assert field.name in documented, field.name
            value = getattr(preset, field.name)
            text = value
            if isinstance(value, tuple):
                text = ",".join(map(str, value))
            elif isinstance(value, dict):
                text = ",".join(f"{k}:{v}" for k, v in value.items())
            assert getattr(with_settings(preset, [f"{field.name}={text}"]), field.name) == value, hints[field.name]


def test_presets_command(capsys):
    assert cli.main(["presets"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[: len(PRESETS)]] == list(PRESETS)
    told = dict(line.split(maxsplit=1) for line in lines[: len(PRESETS)])
    assert told["wgan_gp"] == "A generator of pictures from noise (wasserstein, 64x64)"
    assert told["multistyle"] == "One network for all the styles of a folder"
    assert cli.main(["presets", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == list(PRESETS)
    assert rows[0]["settings"] == as_dict(PRESETS["multistyle"]) and rows[0]["settings"]["widths"] == [32, 64, 192]
    assert cli.main(["presets", "multistyl"]) == 2
    assert "multistyle" in capsys.readouterr().err


@pytest.mark.parametrize("name", PRESETS)
def test_every_setting_is_told_with_its_meaning(name, capsys):
    assert cli.main(["presets", name]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.startswith(f"{name} (system {PRESETS[name].system}): ") and max(map(len, lines)) <= 100
    told = {}
    for line in lines:
        if line.startswith("  ") and not line.startswith("   "):
            key, _, value = line.strip().partition(" =")
            told[key] = [value.strip()]
        elif line:
            told[key].append(line.strip())
    settings = as_dict(PRESETS[name])
    assert list(told) == list(settings)
    for key, (value, *meaning) in told.items():
        assert meaning, key
        changed = with_settings(PRESETS[name], [f"{key}={value}"])  # in the form that `--set` takes
        assert getattr(changed, key) == getattr(PRESETS[name], key)
    meaning = " ".join(told["kimg"])
    assert meaning.endswith("length of the run, in thousands of images.")
