"""The scene pipeline as a system: recipe, exact resumption, commands, deployable files, mistakes."""

import dataclasses
import json
import pathlib
import runpy
import shutil
import sys

import keras
import numpy as np
import pytest
from PIL import Image
from test_imports import modules_after
from toy_scene import tiny_generator, tiny_network, tiny_painter, write_generator_run, write_pictures

from keras_stylegan import cli, data, pretrained
from keras_stylegan.callbacks import checkpoints, read_metrics
from keras_stylegan.inference import load, read_picture
from keras_stylegan.inference.generator import open_generator
from keras_stylegan.inference.scenes import KerasScenes, SceneMaker, middle, open_scenes
from keras_stylegan.models import AdversarialModel
from keras_stylegan.networks import ProjectedCritic, build_perceptual
from keras_stylegan.presets import get_preset
from keras_stylegan.provenance import SOURCE_TYPES, STYLIZED, read_provenance
from keras_stylegan.systems import build, scene_parts
from keras_stylegan.xmp_files import read_xmp

RECIPE = pathlib.Path(__file__).parents[1] / "training" / "scene_pipeline.py"
STYLES = ["hokusai_great_wave", "munch_scream"]
# Two steps of two pictures. A projected critic wants larger pictures than these.
TINY = {"batch_size": 2, "kimg": 0.004, "log_images": 2, "critic": "stylegan2", "classes": "", "style_short_side": 32}
TINY |= {"checkpoint_seconds": 1e-3, "learning_rate": 3e-3}  # a checkpoint after every step, which shows


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Photographs, style pictures (one of no packaged style), scenes, and a generator's run."""
    folder = tmp_path_factory.mktemp("pipeline")
    write_pictures(folder / "photographs", ["a", "b", "c"], (40, 52))
    write_pictures(folder / "styles", [*STYLES, "of_my_own"], (48, 40))
    write_pictures(folder / "scenes", ["d", "e", "f", "g"], (20, 24))
    write_generator_run(folder / "generator")
    return folder


@pytest.fixture(scope="module", autouse=True)
def eagerly():
    """Steps without a graph: two of them cost less than to compile one (graphs have tests of their own)."""
    compiled = AdversarialModel.compile

    def compile_eagerly(self, *arguments, **options):
        compiled(self, *arguments, **{**options, "jit_compile": False, "run_eagerly": True})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AdversarialModel, "compile", compile_eagerly)
        yield


def arguments(folder, begin, out, *more, **changes):
    sources = {"content": "photographs", "styles": "styles", "data": "scenes", "from": begin, "out": out}
    settings = [text for key, value in {**TINY, **changes}.items() for text in ("--set", f"{key}={value}")]
    return [part for key, name in sources.items() for part in (f"--{key}", str(folder / name))] + settings + [*more]


@pytest.fixture(scope="module", autouse=True)
def small_painter():
    """The packaged styles in a tiny network: what trains is the question, and it does not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pretrained, "packaged_transformer", lambda entry: tiny_painter(len(entry["styles"])))
        yield


@pytest.fixture(scope="module")
def run(folder):
    """A run of the recipe."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [RECIPE.name, *arguments(folder, "generator", "run")])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(RECIPE), run_name="__main__")
    assert ended.value.code == 0
    return folder / "run"


def test_recipe_trains_by_the_sum_of_all_terms(run, folder):
    last = read_metrics(run / "metrics.jsonl")[-1]
    terms = [f"generator/{name}" for name in ("pixel", "perceptual", "prior", "content", "style", "adversarial")]
    assert last["images"] == 4
    assert np.isfinite([last[name] for name in [*terms, "critic/adversarial", "critic/r1"]]).all()
    assert last["generator/loss"] == pytest.approx(sum(last[name] for name in terms), rel=1e-4)
    facts = json.loads((run / "config.json").read_text())["facts"]
    assert facts["styles"] == STYLES and facts["classes"] == ["forest", "mountain"] and facts["scenes"] == 4
    assert facts["begun_with"] == {"system": "stylegan2", "settings": {}, "images_seen": 4000}
    before, after = (open_generator(path) for path in (folder / "generator", run))
    assert before.classes == after.classes
    pairs = list(zip(before.network.get_weights(), after.network.get_weights(), strict=True))
    assert 0 < sum(np.array_equal(*pair) for pair in pairs) < len(pairs)  # the mapping network has no part in it


def test_a_stopped_run_ends_bit_equal(run, folder):
    stopped = shutil.copytree(run, folder / "stopped")
    *_, middle, last = checkpoints(stopped / "checkpoints")
    assert middle.stem.endswith("0002") and last.stem.endswith("0004")
    last.unlink()
    assert cli.main(["train", "scene_pipeline", *arguments(folder, "generator", "stopped"), "--resume"]) == 0
    for name in ("scene", "critic"):
        networks = [keras.models.load_model(path / f"{name}.keras") for path in (stopped, run)]
        for ours, theirs in zip(*(network.get_weights() for network in networks), strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_the_encoder_alone_begins_with_a_run_of_the_pipeline(run, folder):
    preset = get_preset("scene_pipeline_encoder")
    sources = {"content": folder / "photographs", "styles": folder / "styles", "start_from": run}
    sources = {name: str(path) for name, path in sources.items()}
    system = build(dataclasses.replace(preset, **sources, batch_size=2, style_short_side=32, ema_kimg=0.0))
    saved, network = keras.models.load_model(run / "scene.keras"), system.model.network
    for ours, theirs in zip(network.get_weights(), saved.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    (player,) = system.model.players()
    assert player.networks == [network.encoder] and system.probe is None and "scenes" not in system.facts
    assert "images" not in system.batches[0] and system.preview().shape == (8, 4, 16, 16, 3)


def test_the_usual_critic_takes_its_weights_from_the_generators_run():
    preset, generator = get_preset("scene_pipeline"), tiny_generator(size=(64, 64))
    features = build_perceptual("compact")
    earlier = ProjectedCritic(features, (64, 64), preset.critic_filters, num_classes=2)
    earlier.build()
    critic = scene_parts.build_critic(preset, scene_parts.Beginning(generator, ["a", "b"], None, earlier, {}))
    assert type(critic) is ProjectedCritic and critic.num_classes == 0
    np.testing.assert_array_equal(critic.blocks[0][0][0].kernel, earlier.blocks[0][0][0].kernel)


def test_batches_are_those_of_both(folder):
    crops = data.Crops(data.open_images(folder / "photographs"), 16, 2)
    styles, scenes = data.StyleBatches(crops, 2), data.open(folder / "scenes", size=8, batch_size=2)
    batch = data.SceneBatches(styles, scenes)[3]
    assert set(batch) == {"content", "style_weights", "strength", "images"}
    np.testing.assert_array_equal(batch["images"], scenes[3]["images"])
    np.testing.assert_array_equal(batch["content"], crops[3])
    with pytest.raises(ValueError, match="`styles` and `scenes` must have one batch size. Received: 2 and 3"):
        data.SceneBatches(styles, data.open(folder / "scenes", size=8, batch_size=3))


# Commands


def test_a_photograph_becomes_a_scene(run, folder, tmp_path, capfd):
    photo, out = folder / "photographs" / "a.png", tmp_path / "scene.png"
    call = ["scene", str(photo), "--style", "munch_scream", "--model", str(run), "-o"]
    assert cli.main([*call, str(out)]) == 0
    with Image.open(out) as picture:
        assert picture.size == (16, 16)
        made = np.asarray(picture).astype(int)
    assert read_provenance(read_xmp(out)).source_type == SOURCE_TYPES[STYLIZED]
    # What the parts make of it, by hand.
    middle = Image.open(photo).crop((6, 0, 46, 40)).resize((32, 32), Image.Resampling.BICUBIC)
    painted = np.asarray(load().stylize(middle, "munch_scream"))
    np.testing.assert_allclose(made, open_scenes(run).run(painted), atol=1)
    plain = tmp_path / "plain.png"
    assert cli.main([*call, str(plain), "--detail", "0"]) == 0
    with Image.open(plain) as picture:
        alone = np.asarray(picture).astype(int)
    np.testing.assert_allclose(alone, open_scenes(run).run(painted, 0.0), atol=1)
    assert np.abs(alone - made).max() > 1
    mixed = tmp_path / "small.jpg"
    call[3] = "munch_scream=1,hokusai_great_wave=2"
    assert cli.main([*call, str(mixed), "--strength", "0.5", "--max-size", "8", "--no-provenance"]) == 0
    with Image.open(mixed) as picture:
        assert picture.size == (8, 8)
    assert read_provenance(read_xmp(mixed)).source_type is None
    out, err = capfd.readouterr()
    assert "scene.png  16x16" in out and not err


def test_transparency_is_cut_with_the_picture(run, folder):
    photo = Image.open(folder / "photographs" / "a.png").convert("RGBA")
    photo.putalpha(Image.linear_gradient("L").resize(photo.size))
    maker = SceneMaker(open_scenes(run), load())
    made = maker.make(photo, "munch_scream")
    assert made.mode == "RGBA" and made.size == (16, 16)
    assert np.ptp(np.asarray(made.getchannel("A"))[:, 8]) > 200


def test_noise_becomes_a_painted_scene(run, tmp_path, capfd):
    call = ["generate", "--model", str(run), "--n", "2", "--seed", "3", "--class", "mountain"]
    assert cli.main([*call, "--style", "munch_scream", "-o", str(tmp_path / "painted")]) == 0
    plain = open_generator(run).generate([3, 4], "mountain")
    with Image.open(tmp_path / "painted" / "seed0004.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), load().stylize(plain[1], "munch_scream"))
    assert cli.main([*call, "--style", "munch_scream", "-o", str(tmp_path / "grid.png")]) == 0
    with Image.open(tmp_path / "grid.png") as grid:
        np.testing.assert_array_equal(np.asarray(grid)[:16, :16], load().stylize(plain[0], "munch_scream"))
    assert not capfd.readouterr().err


def test_painted_scenes_are_enlarged_before_they_are_painted(run, folder, tmp_path, monkeypatch, capfd):
    class Twice:
        factor = 2

        def upscale(self, image, max_pixels=0):
            return image.resize([2 * side for side in image.size], Image.Resampling.NEAREST)

    monkeypatch.setattr("keras_stylegan.inference.upscaler.open_upscaler", lambda source: Twice())
    call = ["generate", "--from", str(run), "--n", "1", "--upscale", "--style", "munch_scream"]
    assert cli.main([*call, "-o", str(tmp_path)]) == 0
    large = Twice().upscale(Image.fromarray(open_generator(run).generate([0])[0]))
    with Image.open(tmp_path / "seed0000_x2.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), load().stylize(large, "munch_scream"))
    call = ["scene", str(folder / "photographs" / "a.png"), "--model", str(run), "--upscale"]
    assert cli.main([*call, "--style", "munch_scream", "-o", str(tmp_path / "large.png")]) == 0
    with Image.open(tmp_path / "large.png") as picture:
        assert picture.size == (32, 32)
    capfd.readouterr()


# What ships


@pytest.fixture(scope="module")
def shipped(run, tmp_path_factory):
    """The package's files of the run, and its entry."""
    from keras_stylegan.exporters.scenes import package_scenes

    assets = tmp_path_factory.mktemp("assets")
    (assets / "manifest.json").write_text((pretrained.assets() / "manifest.json").read_text())
    return assets, package_scenes(run, assets, "scene_pipeline", "Waves.", "Free.", {"style score": 0.25})


def test_packaged_files_say_what_they_are(shipped):
    assets, entry = shipped
    manifest = json.loads((assets / "manifest.json").read_text())
    assert manifest["scene_pipeline"] == entry and {"multistyle", "compact"} < set(manifest)
    assert entry["input_size"] == [32, 32] and entry["size"] == [16, 16] and entry["images_seen"] == 4004
    assert entry["recipe"].startswith("keras-stylegan train stylegan2 --out RUN_1; keras-stylegan train scene_")
    assert set(entry["losses"]) == {"pixel", "perceptual", "prior", "content", "style", "adversarial"}
    assert entry["parity"]["greatest"] <= 2
    card = (assets / "weights/scene_pipeline.md").read_text()
    assert all(
        part in card for part in ("| style score | 0.25 |", "encoder and generator together, on 2 styles", "Waves.")
    )


def test_the_packaged_pipeline_needs_no_name(shipped, run, folder, tmp_path, monkeypatch, capfd):
    assets, entry = shipped
    read = pretrained.read_weights
    monkeypatch.setattr(pretrained, "manifest", lambda: json.loads((assets / "manifest.json").read_text()))
    content = (assets / "weights/scene_pipeline.tflite").read_bytes()
    monkeypatch.setattr(pretrained, "read_weights", lambda r: content if r == entry["litert"] else read(r))
    out = tmp_path / "scene.png"
    assert cli.main(["scene", str(folder / "photographs" / "a.png"), "--style", "munch_scream", "-o", str(out)]) == 0
    with Image.open(out) as picture:
        made = np.asarray(picture).astype(int)
    maker = SceneMaker(open_scenes(run), load())
    expected = np.asarray(maker.make(folder / "photographs" / "a.png", "munch_scream"))
    np.testing.assert_allclose(made, expected, atol=2)
    with pytest.raises(ValueError, match=r"\(scene_pipeline\). Received: scene_pipline. Did you mean scene_pipeline?"):
        open_scenes("scene_pipline")
    assert not capfd.readouterr().err


def test_a_package_without_a_pipeline_says_how_to_make_one(monkeypatch):
    monkeypatch.setattr(pretrained, "manifest", dict)
    hint = r"\(there are none\). Received: scene_pipeline; `keras-stylegan train scene_pipeline"
    with pytest.raises(ValueError, match=hint):
        open_scenes("scene_pipeline")


def test_what_ships_makes_scenes_without_tensorflow(tmp_path):
    photo = pretrained.sample_photographs()[0]
    call = ["scene", str(photo), "--style", "munch_scream", "-o"]
    loaded = modules_after(f"from keras_stylegan.cli import main; main({[*call, str(tmp_path / 'all.png')]!r})")
    assert not {"tensorflow", "keras", "jax", "torch"} & loaded
    assert cli.main([*call, str(tmp_path / "none.png"), "--detail", "0"]) == 0
    pictures = [np.asarray(Image.open(tmp_path / name)).astype(int) for name in ("all.png", "none.png")]
    painted = load().stylize(middle(read_picture(photo), (128, 128)).photo, "munch_scream")
    wanted = np.asarray(painted.resize((64, 64), Image.Resampling.BOX)).astype(int)
    errors = [np.abs(picture - wanted).mean() for picture in pictures]
    assert errors[0] < 15 < errors[1], errors


def test_what_is_no_run_of_the_pipeline_is_told(tmp_path):
    from keras_stylegan.exporters.scenes import package_scenes

    with pytest.raises(ValueError, match="`run` must be the run directory of a scene pipeline, with scene.keras"):
        package_scenes(tmp_path, tmp_path, "scenes", "", "")
    assert not list(tmp_path.iterdir())


# Mistakes


@pytest.mark.parametrize(
    "call, message",
    [
        (["scene", "{photo}", "-o", "{out}"], "the following arguments are required: --style"),
        (["scene", "{photo}", "-o", "{out}", "--style", "munch_screem"], "munch_scream"),
        (["scene", "{photo}", "-o", "{out}", "--style", "munch_scream", "--strength", "2"], "`strength` must be"),
        (["scene", "{photo}", "-o", "{out}", "--style", "munch_scream", "--detail", "nan"], "`detail` must be from 0"),
        (
            ["scene", "{photo}", "-o", "{out}", "--style", "munch_scream", "--model", "scene_pipline"],
            "or a packaged one (scene_pipeline). Received: scene_pipline. Did you mean scene_pipeline?",
        ),
        (
            ["scene", "{photo}", "-o", "{out}", "--style", "munch_scream", "--model", "{generator}"],
            "`model` must be the run directory of a scene pipeline, with scene.keras. Received",
        ),
        (["scene", "{text}", "-o", "{out}", "--style", "munch_scream", "--model", "{file}"], "not a picture"),
        (
            ["scene", "{photo}", "-o", "{out}", "--style", "munch_scream", "--model", "{generator}/generator.keras"],
            "`model` must hold a scene network",
        ),
        (
            ["generate", "--style", "munch_scream", "--from", "sceens", "-o", "{out}"],
            "(scenes). Received: sceens. Did you mean scenes?",
        ),
        (["generate", "--style", "munch_screem", "--from", "{generator}", "-o", "{out}"], "munch_scream"),
        (["generate", "--bank", "x.safetensors", "--from", "{generator}", "-o", "{out}"], "`--bank` needs `--style`"),
    ],
)
def test_mistakes_of_commands_are_one_line(call, message, folder, tmp_path, capfd):
    (tmp_path / "text.png").write_text("no picture")
    tiny_network().save(tmp_path / "tiny.keras")
    places = {"photo": folder / "photographs" / "a.png", "out": tmp_path / "out.png", "generator": folder / "generator"}
    places |= {"text": tmp_path / "text.png", "file": tmp_path / "tiny.keras"}
    try:
        code = cli.main([part.format(**places) for part in call])
    except SystemExit as end:  # argparse
        code = end.code
    told = capfd.readouterr().err
    assert code == 2 and message in told and told.count("\n") == 1
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize(
    "changes, message",
    [
        (
            {"--from": "scenes_of_mine"},
            "or a packaged generator (scenes). Received: scenes_of_mine. Did you mean scenes?",
        ),
        ({"--from": "{folder}"}, "`start_from` must be the directory of a run, with config.json and generator.keras"),
        ({"--styles": "{folder}/scenes"}, "`styles` must hold pictures named after packaged styles, such as"),
        ({"--set": "phase=joined"}, "`phase` must be one of encoder, joint. Received: phase=joined. Did you mean"),
        ({"--set": "loss=hinges"}, "`loss` must be one of"),
        ({"--set": "critic=patch"}, "`critic` must be one of stylegan2, projected"),
        ({"--set": "factor=0"}, "`factor` must be finite and greater than 0"),
        ({"--set": "skips=2"}, "`skips` must be 0 or 1"),
        ({"--set": "classes=desert,sea"}, "desert"),
    ],
)
def test_mistakes_of_training_are_one_line(changes, message, folder, tmp_path, capfd):
    named = [text.format(folder=folder) for pair in changes.items() for text in pair]
    call = ["train", "scene_pipeline", *arguments(folder, "generator", tmp_path / "out"), *named]
    assert cli.main(call) == 2
    told = capfd.readouterr().err
    assert message in told and told.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_what_to_train_on_must_be_named(folder, tmp_path, capfd):
    call = ["train", "scene_pipeline", "--out", str(tmp_path / "x"), "--content", str(folder / "photographs")]
    for more, name in (([], "styles"), (["--styles", str(folder / "styles")], "data")):
        assert cli.main([*call, *more]) == 2
        assert f"`{name}` must name the pictures to train on. Received nothing" in capfd.readouterr().err


def test_files_are_not_mistaken(tmp_path):
    (tmp_path / "x.tflite").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="x.tflite: not a LiteRT file of a scene network"):
        open_scenes(tmp_path / "x.tflite")
    tiny_network().save(tmp_path / "scene.keras")
    assert isinstance(open_scenes(tmp_path), KerasScenes)
