"""The baseline of the multi-style recipe: its size, its strength, two steps of its recipe."""

import json
import pathlib
import runpy
import sys

import keras
import numpy as np
import pytest
from PIL import Image

from keras_stylegan import cli
from keras_stylegan.callbacks import read_metrics
from keras_stylegan.exporters import tflite_target, translators
from keras_stylegan.exporters.tflite import export_tflite
from keras_stylegan.inference.translator import open_translator
from keras_stylegan.models import AdversarialModel
from keras_stylegan.networks import JohnsonTransformer, PerceptualNetwork
from keras_stylegan.presets import as_dict, get_preset, with_settings

RECIPE = pathlib.Path(__file__).parents[1] / "training" / "johnson.py"


def test_parameters_are_those_of_the_published_network():
    network = JohnsonTransformer()
    network.build()
    assert network.count_params() == 1_679_235


def test_strength_blends_and_the_output_stays_in_range():
    network = JohnsonTransformer(4, num_blocks=1)
    images = np.random.default_rng(0).uniform(-1, 1, (3, 16, 20, 3)).astype("float32")
    weights = np.ones((3, 1), "float32")
    inputs = {"images": images, "style_weights": weights, "strength": np.array([0, 0.5, 1], "float32")}
    blended, painted = np.asarray(network(inputs)), np.asarray(network.paint(images))
    np.testing.assert_allclose(blended[0], images[0], atol=1e-6)
    np.testing.assert_allclose(blended[1], (images[1] + painted[1]) / 2, atol=1e-5)
    np.testing.assert_allclose(blended[2], painted[2], atol=1e-5)
    assert np.abs(painted).max() <= 150 / 127.5 and np.abs(painted - images).mean() > 0.1


def test_it_is_exported_as_a_translator(tmp_path, monkeypatch):
    network = JohnsonTransformer(4, num_blocks=1)
    network.build()
    network.save(tmp_path / "network.keras")
    monkeypatch.setattr(tflite_target, "DEFAULT_SIZE", (64, 72))
    monkeypatch.setattr(tflite_target, "OTHER_SIZE", (80, 64))
    found, _ = export_tflite(tmp_path, tmp_path / "one.tflite", quantize="none")
    assert found["translate"].max_error <= 1e-4 and found["translate"].delegated == 1.0
    pixels = np.random.default_rng(0).integers(0, 256, (64, 68, 3), "uint8")
    translated = np.asarray(open_translator(tmp_path / "one.tflite").translate(pixels), int)
    painted = np.asarray(network.paint(pixels[None].astype("float32") / 127.5 - 1))[0]
    assert np.abs(translated - np.clip((painted + 1) * 127.5, 0, 255)).max() < 0.6
    # So it is as a run, and packaged.
    by_keras = np.asarray(open_translator(tmp_path).translate(pixels), int)
    np.testing.assert_allclose(by_keras, translated, atol=1)
    settings = as_dict(with_settings(get_preset("johnson"), ["content=here", "styles=there"]))
    (tmp_path / "config.json").write_text(json.dumps({"system": "johnson", "settings": settings, "facts": {}}))
    (tmp_path / "metrics.jsonl").write_text('{"images": 40, "generator/content": 0.5}\n')
    monkeypatch.setattr(translators, "convert", lambda *given, **options: (tmp_path / "one.tflite").read_bytes())
    entry = translators.package_translator(tmp_path, tmp_path / "assets", "ink", "Paints in ink.", "pictures", "free")
    assert entry["network"] == "JohnsonTransformer" and entry["parameters"] == network.count_params()
    assert entry["parity"]["greatest"] <= 1 and entry["recipe"].startswith("keras-stylegan train johnson --content")


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="`width` and `num_blocks` must be positive. Received: width=0"):
        JohnsonTransformer(0)


@pytest.fixture
def sources(tmp_path):
    """Photographs, a folder of one style and one of two, and a perceptual network of a few channels."""
    from keras_stylegan.models.distillation import save_arrays

    rng = np.random.default_rng(0)
    for folder, count in (("photos", 3), ("one", 1), ("two", 2)):
        (tmp_path / folder).mkdir()
        for index in range(count):
            Image.fromarray(rng.integers(0, 256, (48, 40, 3), "uint8")).save(tmp_path / folder / f"{index}.png")
    perceptual = PerceptualNetwork(((4,), (4,), (4,), (4,)), padding="reflect")
    perceptual.build()
    save_arrays(perceptual, tmp_path / "perceptual.npz")
    return tmp_path


def command(sources, styles, *more):
    settings = {"perceptual": sources / "perceptual.npz", "crop_size": 32, "batch_size": 2, "kimg": 0.004, "width": 4}
    settings |= {"depth": 1, "log_images": 2}
    texts = [text for key, value in settings.items() for text in ("--set", f"{key}={value}")]
    return ["--content", str(sources / "photos"), "--styles", str(sources / styles), *texts, *more]


def test_recipe_takes_two_steps_and_begins_with_another_run(sources, monkeypatch):
    compiled = AdversarialModel.compile

    def compile_eagerly(self, *arguments, **options):
        compiled(self, *arguments, **{**options, "jit_compile": False, "run_eagerly": True})

    monkeypatch.setattr(AdversarialModel, "compile", compile_eagerly)
    arguments = command(sources, "one", "--out", str(sources / "run"))
    monkeypatch.setattr(sys, "argv", [RECIPE.name, *arguments])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(RECIPE), run_name="__main__")
    assert ended.value.code == 0
    last = read_metrics(sources / "run" / "metrics.jsonl")[-1]
    assert last["images"] == 4 and np.isfinite([last["generator/style_gram"], last["generator/content"]]).all()
    first = keras.models.load_model(sources / "run" / "network.keras")
    assert isinstance(first, JohnsonTransformer) and first.width == 4
    more = ["--out", str(sources / "second"), "--from", str(sources / "run"), "--set", "learning_rate=1e-12"]
    assert cli.main(["train", "johnson", *command(sources, "one", *more, "--set", "ema_kimg=0")]) == 0
    second = keras.models.load_model(sources / "second" / "network.keras")
    for ours, theirs in zip(second.get_weights(), first.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize(
    "styles, more, message",
    [
        ("two", [], "`styles` must hold one picture, the style of the network. Received: 2"),
        ("one", ["--set", "crop_size=18"], "`crop_size` must be a multiple of 4"),
    ],
)
def test_mistakes_exit_2(sources, capsys, styles, more, message):
    arguments = command(sources, styles, "--out", str(sources / "run"), *more)
    assert cli.main(["train", "johnson", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not (sources / "run").exists()
