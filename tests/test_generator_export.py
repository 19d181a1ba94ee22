"""A generator as one LiteRT file: equal to Keras in a bare interpreter, opened without TensorFlow, packaged whole."""

import hashlib
import json
import pathlib
import runpy
import sys
import unittest.mock

import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from PIL import Image
from test_imports import modules_after

from keras_stylegan import cli, pretrained
from keras_stylegan.exporters import generators
from keras_stylegan.exporters.generators import package_generator, to_litert
from keras_stylegan.exporters.litert_graph import unpack
from keras_stylegan.exporters.model_card import generator_card
from keras_stylegan.exporters.package_files import training_command, training_facts
from keras_stylegan.inference.generator import PictureGenerator, open_generator
from keras_stylegan.keras_files import in_float32
from keras_stylegan.latents import seeded_latents
from keras_stylegan.networks import (
    BackboneCritic,
    DCGANGenerator,
    ProjectedCritic,
    StyleGAN2Critic,
    StyleGAN2Generator,
    StyleGANGenerator,
)
from keras_stylegan.presets import as_dict, get_preset, with_settings

CLASSES = ["forest", "sea"]
ROOT = pathlib.Path(__file__).parents[1]
SCORES = {
    "scores": {"fd-mobilenet": 12.345678},
    "extractor": {"name": "mobilenet", "weights": "ab", "size": 224, "resize": "bicubic"},
    "real": {"source": "/data/real.zip", "images": 2000, "sha256": "cd"},
    "fake": {"source": "/data/fake", "images": 1000},
}


def stirred(network):
    """The network with weights that every input and every buffer shows in."""
    network.build()
    rng = np.random.default_rng(0)
    for weight in network.weights:
        if weight.name not in ("progress", "constant_noise"):
            weight.assign(weight + np.abs(rng.normal(0, 0.3, weight.shape)).astype("float32"))
    return network


def style_based(**options):
    shape = {"size": (8, 12), "channel_base": 32, "channel_max": 6, "latent_dim": 5, "style_dim": 6}
    return stirred(StyleGAN2Generator(**shape, num_classes=2, **options))


def as_uint8(images):
    return np.clip(np.rint((keras.ops.convert_to_numpy(images) + 1) * 127.5), 0, 255).astype("int")


@pytest.mark.parametrize("kind", ["stylegan2", "stylegan", "dcgan"])
def test_a_bare_interpreter_paints_what_keras_paints(kind):
    latents = seeded_latents([3, 4], 5)
    inputs = [{"latents": latent[None]} for latent in latents]
    if kind == "stylegan2":
        network = style_based()
        for one, psi in zip(inputs, (0.6, 1.0), strict=True):
            one |= {"labels": np.float32([[0, 1]]), "truncation": np.float32([psi])}
    elif kind == "stylegan":
        network = stirred(StyleGANGenerator((4, 8), 1, 5, 6, mapping_layers=1, filters=4))
        network.progress.assign(len(network.sizes) - 1)
        for one in inputs:
            one["truncation"] = np.float32([0.3])
    else:
        network = stirred(DCGANGenerator((8, 8), latent_dim=5, filters=4))
    interpreter = Interpreter(model_content=to_litert(network, float16=False))
    assert not [op for op in interpreter._get_ops_details() if op["op_name"].startswith("Flex")]
    runner = interpreter.get_signature_runner("generate")
    assert set(runner.get_input_details()) == set(inputs[0])
    painted = np.concatenate([runner(**one)["pictures"] for one in inputs])
    expected = np.concatenate([as_uint8(network(**one)) for one in inputs])
    assert painted.dtype == np.uint8 and painted.shape == expected.shape
    assert np.abs(painted - expected).max() <= 1
    assert np.abs(expected[0] - expected[1]).max() > 3 and expected.std() > 5


def test_noise_is_stored_for_places_and_not_for_channels_too():
    model = unpack(to_litert(style_based(), float16=False))
    (graph,) = model.subgraphs
    stored = [tuple(one.shape) for one in graph.tensors if model.buffers[one.buffer].data is not None]
    assert {shape[3:] for shape in stored if shape[:3] == (1, 8, 12)} == {(1,)}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run directory as training in mixed precision leaves it."""
    folder = tmp_path_factory.mktemp("run")
    style_based(dtype="mixed_bfloat16").save(folder / "generator.keras")
    stirred(StyleGAN2Critic((8, 12), 3, 64, 8, num_classes=2)).save(folder / "critic.keras")
    settings = as_dict(with_settings(get_preset("stylegan2_scenes"), ["data=/here/scenes.zip", "seed=3", "kimg=0.5"]))
    config = {"system": "stylegan2", "settings": settings, "facts": {"classes": CLASSES}}
    (folder / "config.json").write_text(json.dumps(config))
    line = {"images": 400, "generator/adversarial": 0.71239, "generator/gradient_norm": 1.0, "critic/r1": 0.1}
    lines = [line, {"images": 450, "generator/adversarial": 0.9}]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    # Saved between the two lines; then the run was stopped.
    (folder / "checkpoints").mkdir()
    (folder / "checkpoints" / "checkpoint-000000000420.npz").touch()
    return folder


@pytest.fixture(scope="module")
def packaged(run, tmp_path_factory):
    assets = tmp_path_factory.mktemp("assets")
    (assets / "manifest.json").write_text('{"compact": {"file": "x"}}')
    return assets, package_generator(run, assets, "scenes", "pictures", "free", SCORES)


def test_a_critic_that_looks_through_another_network_stays_behind(tmp_path, monkeypatch):
    (tmp_path / "critic.keras").touch()
    for kind in (BackboneCritic, ProjectedCritic):
        monkeypatch.setattr(generators, "load_network", lambda file, kind=kind: unittest.mock.Mock(spec=kind))
        files = {}
        assert generators._critic(tmp_path, "scenes", files) is None and not files


@pytest.fixture
def installed(packaged, monkeypatch):
    monkeypatch.setattr(pretrained, "assets", lambda: packaged[0])
    return packaged[1]


def test_files_and_manifest(packaged):
    assets, entry = packaged
    files = {path.relative_to(assets).as_posix() for path in assets.rglob("*") if path.is_file()}
    written = ("scenes.tflite", "scenes.npz", "scenes_critic.npz", "scenes.md")
    assert files == {"manifest.json", *(f"weights/{name}" for name in written)}
    manifest = json.loads((assets / "manifest.json").read_text())
    assert manifest == {"compact": {"file": "x"}, "scenes": json.loads(json.dumps(entry))}
    for kind in ("litert", "keras", "critic"):
        content = (assets / entry[kind]["file"]).read_bytes()
        assert entry[kind]["sha256"] == hashlib.sha256(content).hexdigest() and entry[kind]["bytes"] == len(content)
    assert (entry["classes"], entry["latent_dim"], entry["size"]) == (CLASSES, 5, [8, 12])
    assert entry["images_seen"] == 420 and entry["images_scheduled"] == 500
    assert entry["losses"] == {"adversarial": 0.7124}
    assert (
        entry["recipe"] == "keras-stylegan train stylegan2_scenes --data PICTURES --out RUN --set kimg=0.5 --set seed=3"
    )
    assert entry["parity"]["pictures"] == 16 and entry["parity"]["greatest"] <= 2
    assert entry["scores"]["real"] == {"source": "real.zip", "images": 2000, "sha256": "cd"}
    card = (assets / "weights" / "scenes.md").read_text()
    assert card == generator_card("scenes", entry)
    assert "Images seen: 420 of the 500 that" in card
    assert "pictures of forest, sea of 12x8 pixels" in card and "| fd-mobilenet | 12.35 |" in card
    assert "## Scores" not in generator_card("scenes", {**entry, "scores": None})


def test_both_runtimes_of_a_packaged_generator_paint_what_the_run_painted(run, installed):
    network = in_float32(open_generator(run).network)
    assert network.dtype_policy.name == "float32"
    expected = PictureGenerator(network, CLASSES).generate([0, 1, 2], "sea", 0.7).astype("int")
    for runtime in ("litert", "keras"):
        generator = open_generator("scenes", runtime)
        assert generator.classes == CLASSES
        assert np.abs(generator.generate([0, 1, 2], "sea", 0.7) - expected).max() <= 2
        assert np.abs(generator.generate([0, 1, 2], "forest", 0.7) - expected).max() > 3
    assert open_generator("scenes", "keras").mix([0], [1], (0, 2)).shape == (2, 2, 8, 12, 3)
    assert open_generator("scenes", "keras").directions(2, 3, label="sea").shape == (2, 3, 8, 12, 3)
    with pytest.raises(ValueError, match='`runtime` must be "litert" or "keras". Received: runtime=.onnx'):
        open_generator("scenes", "onnx")


def test_command_without_a_source_takes_the_packaged_scenes(installed, tmp_path, capfd):
    options = ["--n", "2", "--class", "sea", "--seed", "1", "--truncation", "0.7"]
    assert cli.main(["generate", *options, "-o", str(tmp_path)]) == 0
    assert not capfd.readouterr().err  # nor does LiteRT say what it runs on
    expected = open_generator("scenes").generate([1, 2], "sea", 0.7)
    with Image.open(tmp_path / "seed0002.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), expected[1])
    assert cli.main(["mix", "--rows", "0", "--columns", "1", "--layers", "0-1", "-o", str(tmp_path / "mix.png")]) == 0
    assert cli.main(["generate", "--class", "see", "-o", str(tmp_path)]) == 2
    assert "`label` must be one of forest, sea. Received: label=see. Did you mean sea?" in capfd.readouterr().err
    assert cli.main(["generate", "--from", "scene", "-o", str(tmp_path)]) == 2
    assert "or a packaged one (scenes). Received: scene" in capfd.readouterr().err


def test_the_packaged_scenes_need_no_tensorflow(packaged, tmp_path):
    """The command as a user types it, in a process of its own that has nothing but the package."""
    command = ["generate", "--n", "16", "--class", "sea", "--seed", "1", "--truncation", "0.7", "-o", str(tmp_path)]
    loaded = modules_after(
        "import pathlib\n"
        "from keras_stylegan import cli, pretrained\n"
        f"pretrained.assets = lambda: pathlib.Path({str(packaged[0])!r})\n"
        f"assert cli.main({command!r}) == 0"
    )
    assert "ai_edge_litert" in loaded and not loaded & {"tensorflow", "keras", "jax", "torch", "scipy"}
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"seed{seed:04d}.png" for seed in range(1, 17)]


def test_while_no_scenes_are_packaged_the_command_says_what_to_do(tmp_path, monkeypatch, capsys):
    (tmp_path / "manifest.json").write_text('{"compact": {"file": "x"}}')
    monkeypatch.setattr(pretrained, "assets", lambda: tmp_path)
    for command in (["generate", "-o", str(tmp_path / "x")], ["interpolate", "-o", str(tmp_path / "x.gif")]):
        assert cli.main(command) == 2
        told = capsys.readouterr().err
        assert "a packaged one (there are none). Received: scenes" in told and told.count("\n") == 1
        assert "train stylegan2_scenes_relativistic --data SCENES --out RUN` makes a run, which" in told
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


def test_a_litert_file_generates_without_tensorflow(run, tmp_path, monkeypatch, capsys):
    file, grid = tmp_path / "scenes.tflite", tmp_path / "grid.png"
    monkeypatch.setattr(sys, "argv", ["to_tflite.py", str(run), str(file)])
    runpy.run_path(str(ROOT / "export" / "to_tflite.py"), run_name="__main__")
    assert "| generate, float16 |" in capsys.readouterr().out
    assert json.loads(file.with_suffix(".json").read_text())["classes"] == CLASSES
    arguments = ["generate", "--from", str(file), "--class", "sea", "--n", "4", "-o", str(grid)]
    loaded = modules_after(f"from keras_stylegan.cli import main\nassert main({arguments!r}) == 0")
    assert "ai_edge_litert" in loaded and not loaded & {"tensorflow", "keras", "jax", "torch", "scipy"}
    with Image.open(grid) as picture:
        assert picture.size == (24, 16)
    generator = open_generator(file)
    with pytest.raises(ValueError, match="`mix` needs a style-based generator of Keras. Received: .*scenes.tflite"):
        generator.mix([0], [1], (0, 2))
    with pytest.raises(ValueError, match="`label` must be one of forest, sea"):
        generator.generate([0], "lake")
    frames = generator.interpolate([0, 1], 2, "sea")
    np.testing.assert_array_equal(frames[::2], generator.generate([0, 1], "sea"))
    file.with_suffix(".json").unlink()
    assert open_generator(file).classes == ["0", "1"]


def test_mistakes_are_told_and_nothing_is_written(run, tmp_path, capsys):
    with pytest.raises(ValueError, match="`name` must be letters, digits and underscores. Received: name=../scenes"):
        package_generator(run, tmp_path / "assets", "../scenes", "", "")
    with pytest.raises(ValueError, match="`run` must be the run directory of a GAN, with generator.keras. Received: "):
        package_generator(tmp_path, tmp_path / "assets", "scenes", "", "")
    assert not list(tmp_path.iterdir())
    (tmp_path / "no.tflite").write_bytes(b"no flatbuffer")
    assert cli.main(["generate", "--from", str(tmp_path / "no.tflite"), "-o", str(tmp_path / "x.png")]) == 2
    told = capsys.readouterr().err
    assert "no.tflite: not a LiteRT file of a generator" in told and told.count("\n") == 1
    other = ROOT / "tests" / "data" / "stand_in.tflite"
    with pytest.raises(ValueError, match="stand_in.tflite: not a LiteRT file of a generator"):
        open_generator(other)


def test_packaging_script(run, tmp_path, monkeypatch, capsys):
    (tmp_path / "scores.json").write_text(json.dumps(SCORES))
    options = ["--name", "lakes", "--data", "x", "--licence", "y", "--scores", str(tmp_path / "scores.json")]
    monkeypatch.setattr(sys, "argv", ["package.py", str(run), *options, "--assets", str(tmp_path)])
    runpy.run_path(str(ROOT / "export" / "package_generator.py"), run_name="__main__")
    assert json.loads(capsys.readouterr().out)["images_seen"] == 420
    assert json.loads((tmp_path / "manifest.json").read_text())["lakes"]["scores"]["scores"] == SCORES["scores"]


def test_facts_of_runs_by_the_clock_and_of_those_that_begin_with_a_packaged_network(run):
    config = json.loads((run / "config.json").read_text())
    config["settings"]["hours"] = 0.1
    facts = training_facts(run, config)
    assert facts["images_scheduled"] == facts["images_seen"] == 420 and "--set hours=0.1" in facts["recipe"]
    config["facts"]["begun_with"] = {"recipe": "train it", "images_seen": 9}
    facts = training_facts(run, config)
    assert facts["recipe"].startswith("train it; keras-stylegan train") and facts["images_seen"] == 429


def test_the_nearest_preset_is_named():
    settings = as_dict(with_settings(get_preset("lsgan"), ["data=/here/x.zip", "size=8,8"]))
    command = "keras-stylegan train lsgan --data PICTURES --out RUN --set size=8,8"
    assert training_command(settings, "gan") == command
