"""A run becomes the packaged files, which load back and agree; nothing is written when something is missing."""

import hashlib
import io
import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image
from stand_in import photograph

from keras_stylegan import pretrained
from keras_stylegan.exporters import packaging
from keras_stylegan.exporters.model_card import model_card
from keras_stylegan.exporters.package_files import training_command, training_facts
from keras_stylegan.exporters.packaging import package_multistyle
from keras_stylegan.inference import KerasRuntime, LiteRTRuntime
from keras_stylegan.keras_files import in_float32
from keras_stylegan.networks import StyleTransformer
from keras_stylegan.presets import as_dict, get_preset, with_settings
from keras_stylegan.systems.multistyle import start_from

NAMES = ["ink", "oil"]
DESCRIBED = [{"name": name, "title": f"Work in {name}", "artist": "Nobody"} for name in (*NAMES, "chalk")]
DESCRIBED[1]["strength"] = 0.5
FILES = {"weights/multistyle.tflite", "weights/multistyle.npz", "weights/multistyle.md", "manifest.json"}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run directory as training in mixed precision leaves it."""
    folder = tmp_path_factory.mktemp("run")
    keras.utils.set_random_seed(1)
    network = StyleTransformer(2, widths=(4, 6, 8), num_blocks=(1, 1, 1), num_waves=3, dtype="mixed_bfloat16")
    network.build()
    rng = np.random.default_rng(0)
    network.bank.vectors.assign(network.bank.vectors + rng.normal(0, 0.3, network.bank.vectors.shape))
    network.save(folder / "network.keras")
    settings = as_dict(with_settings(get_preset("multistyle"), ["content=here", "seed=3"]))
    config = {"system": "multistyle", "settings": settings, "facts": {"styles": NAMES}}
    (folder / "config.json").write_text(json.dumps(config))
    lines = [
        {"images": 20, "generator/content": 0.9, "generator/style_gram": 0.8},
        {"images": 40, "generator/content": 0.51239, "generator/style_gram": 0.25, "generator/loss": 0.76,
         "generator/gradient_norm": 3.0, "generator/skipped_updates": 0.0, "critic/penalty": 1.0},
        {"images": 80, "generator/content": 0.4, "generator/style_gram": 0.2},
    ]  # fmt: skip
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"images": 9')
    # Saved between the two lines; then the run was stopped.
    (folder / "checkpoints").mkdir()
    (folder / "checkpoints" / "checkpoint-000000000060.npz").touch()
    return folder


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photographs")
    for i in range(2):
        Image.fromarray(photograph(100, 80, seed=i)).save(folder / f"{i}.png")
    return folder


@pytest.fixture(scope="module")
def packaged(run, photographs, tmp_path_factory):
    """The assets folder, which held another entry before, and the new entry."""
    assets = tmp_path_factory.mktemp("assets")
    # With a predictor for other weights, which goes.
    (assets / "weights").mkdir()
    earlier = {"file": "weights/p.tflite", "keras": {"file": "weights/p.npz"}}
    for record in (earlier, earlier["keras"]):
        (assets / record["file"]).touch()
    manifest = {"compact": {"file": "x"}, "multistyle": {"style_space": "other", "predictor": earlier}}
    (assets / "manifest.json").write_text(json.dumps(manifest))
    return assets, package_multistyle(run, assets, DESCRIBED, "pictures", "free", photographs)


def test_files_and_manifest(packaged):
    assets, entry = packaged
    assert {path.relative_to(assets).as_posix() for path in assets.rglob("*") if path.is_file()} == FILES
    manifest = json.loads((assets / "manifest.json").read_text())
    assert manifest["compact"] == {"file": "x"} and manifest["multistyle"] == json.loads(json.dumps(entry))
    for kind in ("litert", "keras"):
        content = (assets / entry[kind]["file"]).read_bytes()
        assert entry[kind]["sha256"] == hashlib.sha256(content).hexdigest() and entry[kind]["bytes"] == len(content)
    assert entry["styles"] == DESCRIBED[:2] and entry["stride"] == 8
    assert entry["images_seen"] == 60 and entry["images_scheduled"] == 300_000
    assert entry["losses"] == {"content": 0.5124, "style_gram": 0.25}
    assert entry["data"] == "pictures" and entry["licence"] == "free"
    assert (assets / "weights" / "multistyle.md").read_text() == model_card(entry)


def test_both_weight_files_paint_what_the_run_painted(run, packaged):
    assets, entry = packaged
    network = in_float32(keras.models.load_model(run / "network.keras"))
    assert network.dtype_policy.name == "float32" and entry["parameters"] == network.count_params()
    image = photograph(72, 64, seed=5)
    # Full strength of the second is half of what was learnt: shares now, and shares and strength of the run's network.
    cases = [((1, 0), (1, 0), 1.0), ((0, 1), (0, 1), 0.5), ((0.25, 0.75), (0.4, 0.6), 0.625)]
    with np.load(io.BytesIO((assets / entry["keras"]["file"]).read_bytes())) as arrays:
        assert {array.dtype.name for array in arrays.values()} == {"float16"}
        ours = KerasRuntime.from_weights({"num_styles": 2, **entry["keras"]["config"]}, dict(arrays), 8)
    litert = LiteRTRuntime((assets / entry["litert"]["file"]).read_bytes(), entry["stride"])
    for weights, learnt, strength in cases:
        expected = KerasRuntime(network, 8).run(image, np.float32(learnt), strength).astype(int)
        for runtime in (ours, litert):
            assert np.abs(runtime.run(image, np.float32(weights), 1.0) - expected).max() <= 2
        assert np.abs(expected - image).mean() > 5
    assert "than other styles do:\n  oil 0.5." in (assets / "weights" / "multistyle.md").read_text()


def test_training_goes_on_from_what_was_learnt_and_not_from_what_is_shown(run, packaged, monkeypatch):
    monkeypatch.setattr(pretrained, "assets", lambda: packaged[0])
    learnt = keras.models.load_model(run / "network.keras").bank
    network = keras.models.load_model(run / "network.keras")
    network.bank.vectors.assign(np.zeros(network.bank.vectors.shape))
    start_from(Path("multistyle"), network, NAMES)
    np.testing.assert_allclose(network.bank.vectors, learnt.vectors, rtol=3e-3, atol=3e-3)
    with pytest.raises(ValueError, match=r"`strengths` must hold 2 numbers greater than 0. Received: \[1.0, 0.0\]"):
        network.bank.temper([1, 0])


def test_probes_and_parity_are_measured(packaged):
    _, entry = packaged
    assert entry["artefacts"]["pictures"] == 2 * len(NAMES)
    assert entry["artefacts"]["checkerboard_energy_worst"] >= entry["artefacts"]["checkerboard_energy_median"] > 0
    assert entry["artefacts"]["border_ratio_median"] > 0
    assert -1 <= entry["artefacts"]["light_correlation_worst"] <= entry["artefacts"]["light_correlation_median"] <= 1
    assert 0 <= entry["parity"]["mean"] < 0.5 and entry["parity"]["greatest"] <= 2


def test_model_card_states_the_entry(packaged):
    card = model_card(packaged[1])
    assert "any of 2 styles" in card and "Images seen: 60 of the 300,000" in card and "| content | 0.5124 |" in card
    assert "| `ink` | Nobody | Work in ink |\n| `oil` | Nobody | Work in oil |" in card
    assert "--out RUN --set seed=3`" in card


def test_a_model_card_tells_of_the_predictor(packaged):
    entry = packaged[1]
    record = {
        "bytes": 1_400_000, "keras": {"bytes": 1_300_000}, "parameters": 694_149, "recipe": "train style_predictor",
        "data": "34 paintings", "images_seen": 60_000, "images_scheduled": 60_000, "licence": "ours", "parity": 0.007,
    }  # fmt: skip
    card = model_card({**entry, "predictor": record})
    for text in (
        "## Style predictor",
        "694,149 parameters; LiteRT file 1.40 MB",
        "1.30 MB",
        "34 paintings",
        "0.007 of",
    ):
        assert text in card
    assert "## Style predictor" not in model_card(entry)


def test_the_packaged_model_card_states_the_packaged_entry():
    card = pretrained.assets() / "weights" / "multistyle.md"
    assert card.read_text(encoding="utf-8") == model_card(pretrained.network_entry("multistyle"))


@pytest.mark.parametrize("space", ["same", "other"])
def test_a_predictor_stays_with_the_weights_that_it_is_for(space, tmp_path):
    predictor = {"file": "weights/predictor.tflite", "keras": {"file": "weights/predictor.npz"}}
    manifest = {"multistyle": {"style_space": "same", "predictor": predictor}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    entry = {"style_space": space}
    left_over = packaging._settle_predictor(tmp_path, entry)
    assert entry == {"style_space": space} | ({"predictor": predictor} if space == "same" else {})
    assert left_over == ([] if space == "same" else ["weights/predictor.tflite", "weights/predictor.npz"])


def test_a_file_converted_again_is_told_of(packaged, tmp_path, monkeypatch):
    assets = tmp_path / "assets"
    shutil.copytree(packaged[0], assets)
    monkeypatch.setattr(pretrained, "assets", lambda: assets)
    monkeypatch.setattr(packaging, "convert_signatures", lambda *_, **__: b"")
    monkeypatch.setattr(packaging, "slimmed", lambda content: bytes(1_230_000))
    entry = packaging.convert_again(assets)
    assert entry["litert"]["bytes"] == (assets / entry["litert"]["file"]).stat().st_size == 1_230_000
    assert entry == pretrained.network_entry("multistyle")
    assert "LiteRT file 1.23 MB" in (assets / "weights" / "multistyle.md").read_text()


def test_command_names_what_differs_from_the_preset():
    preset = get_preset("multistyle")
    command = "keras-stylegan train multistyle --content PHOTOGRAPHS --styles PAINTINGS --out RUN"
    assert training_command(as_dict(preset)) == command
    changes = ["alphas=ink:2,oil:0.5", "kimg=2.5", "perceptual=/a/slim.npz", "scale=0.25,0.75"]
    changed = with_settings(preset, [*changes, "content=x", "styles=y"])
    told = training_command(as_dict(changed)).removeprefix(command).split(" --set ")[1:]
    assert told == ["alphas=ink:2,oil:0.5", "kimg=2.5", "perceptual=slim.npz", "scale=0.25,0.75"]
    assert with_settings(preset, told) == with_settings(preset, [*changes, "perceptual=slim.npz"])


def test_a_run_that_began_with_others_tells_all(run):
    config = json.loads((run / "config.json").read_text())
    alone = training_facts(run, config)
    first = as_dict(with_settings(get_preset("multistyle"), ["kimg=9", "content=x"]))
    second = {**first, "kimg": 5, "start_from": "/runs/first"}
    before = {"settings": first, "images_seen": 7000}
    config["facts"]["begun_with"] = {"settings": second, "images_seen": 400, "begun_with": before}
    config["settings"] = {**config["settings"], "start_from": "/runs/second"}
    facts = training_facts(run, config)
    commands = facts["recipe"].split("; ")
    assert commands[0].endswith("--out RUN_1 --set kimg=9") and "--from" not in commands[0]
    assert commands[1].endswith("--from RUN_1 --out RUN_2 --set kimg=5") and "--from RUN_2 --out RUN" in commands[2]
    assert facts["images_seen"] == alone["images_seen"] + 7400
    assert facts["images_scheduled"] == alone["images_scheduled"] + 7400
    config["facts"]["begun_with"] = {"recipe": "a --out RUN_1; b --from RUN_1 --out RUN", "images_seen": 7400}
    config["settings"]["start_from"] = "multistyle"
    packaged = training_facts(run, config)
    commands = packaged["recipe"].split("; ")
    assert commands[:2] == ["a --out PACKAGED_RUN_1", "b --from PACKAGED_RUN_1 --out PACKAGED_RUN"]
    assert "--from PACKAGED_RUN --out RUN" in commands[2] and packaged["images_seen"] == facts["images_seen"]
    # Packaged once more: what was packaged before has a name of its own.
    config["facts"]["begun_with"]["recipe"] = packaged["recipe"]
    again = training_facts(run, config)["recipe"].split("; ")
    assert again[1] == "b --from PACKAGED_PACKAGED_RUN_1 --out PACKAGED_PACKAGED_RUN"
    assert "--from PACKAGED_PACKAGED_RUN --out PACKAGED_RUN" in again[2] and "--from PACKAGED_RUN --out RUN" in again[3]


def test_missing_things_are_named_and_nothing_is_written(packaged, run, photographs, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="`styles` must describe every style of the run. Missing: oil"):
        package_multistyle(run, tmp_path / "assets", DESCRIBED[:1], "", "", photographs)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="`photographs` must be a folder of JPEG or PNG files. Received: .*empty"):
        package_multistyle(run, tmp_path / "assets", DESCRIBED, "", "", tmp_path / "empty")
    stronger = [{**style, "strength": -1} for style in DESCRIBED]
    with pytest.raises(ValueError, match=r"`strengths` must hold 2 numbers greater than 0. Received: \[-1.0, -1.0\]"):
        package_multistyle(run, tmp_path / "assets", stronger, "", "", photographs)
    content = (packaged[0] / "weights" / "multistyle.tflite").read_bytes()
    monkeypatch.setattr(packaging, "convert_signatures", lambda *_, **__: content)
    monkeypatch.setattr(packaging, "grey_levels", lambda pairs: {"mean": 0.6, "greatest": 40})
    with pytest.raises(ValueError, match="both runtimes must agree to 0.5 grey levels on average. Received: .*0.6"):
        package_multistyle(run, tmp_path / "assets", DESCRIBED, "", "", photographs)
    broken = tmp_path / "broken"
    shutil.copytree(run, broken)
    network = keras.models.load_model(broken / "network.keras")
    network.weights[0].assign(np.full(network.weights[0].shape, 1e6))
    network.save(broken / "network.keras")
    with pytest.raises(ValueError, match="weights must be finite in half precision. Received: .* with others in"):
        package_multistyle(broken, tmp_path / "assets", DESCRIBED, "", "", photographs)
    assert not (tmp_path / "assets").exists()
