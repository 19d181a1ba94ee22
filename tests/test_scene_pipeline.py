"""The scene pipeline as a system: recipe, exact resumption, commands, deployable files, mistakes."""

import json
import pathlib
import runpy
import sys

import keras
import numpy as np
import pytest
from PIL import Image
from toy_scene import tiny_network, write_generator_run, write_pictures

from keras_stylegan import cli, data
from keras_stylegan.callbacks import StopOnSignal, checkpoints, read_metrics
from keras_stylegan.inference import load
from keras_stylegan.inference.generator import open_generator
from keras_stylegan.inference.scenes import KerasScenes, SceneMaker, open_scenes
from keras_stylegan.models import AdversarialModel
from keras_stylegan.provenance import SOURCE_TYPES, STYLIZED, read_provenance
from keras_stylegan.xmp_files import read_xmp

RECIPE = pathlib.Path(__file__).parents[1] / "training" / "scene_pipeline.py"
STYLES = ["hokusai_great_wave", "munch_scream"]
# Two steps of two pictures. A projected critic wants larger pictures than these.
TINY = {"batch_size": 2, "kimg": 0.004, "log_images": 2, "critic": "stylegan2", "classes": "", "style_short_side": 32}


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


@pytest.fixture(scope="module")
def runs(folder):
    """A run of the encoder from the generator's, and the recipe's from that."""
    assert cli.main(["train", "scene_pipeline_encoder", *arguments(folder, "generator", "encoder", kimg=0.002)]) == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [RECIPE.name, *arguments(folder, "encoder", "joint")])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(RECIPE), run_name="__main__")
    assert ended.value.code == 0
    return folder


def weights(run):
    return keras.models.load_model(run / "scene.keras").get_weights()


def test_recipe_trains_by_the_sum_of_all_terms(runs):
    last = read_metrics(runs / "joint" / "metrics.jsonl")[-1]
    terms = [f"generator/{name}" for name in ("pixel", "perceptual", "content", "style", "adversarial")]
    assert last["images"] == 4
    assert np.isfinite([last[name] for name in [*terms, "critic/adversarial", "critic/r1"]]).all()
    assert last["generator/loss"] == pytest.approx(sum(last[name] for name in terms), rel=1e-4)
    facts = json.loads((runs / "joint" / "config.json").read_text())["facts"]
    assert facts["styles"] == STYLES and facts["classes"] == ["forest", "mountain"] and facts["scenes"] == 4
    assert facts["begun_with"]["system"] == "scene_pipeline" and facts["begun_with"]["images_seen"] == 2
    assert facts["begun_with"]["begun_with"]["system"] == "stylegan2"
    alone = read_metrics(runs / "encoder" / "metrics.jsonl")[-1]
    assert {name for name in alone if name.startswith("generator/")} >= {"generator/pixel", "generator/perceptual"}
    assert "generator/style" not in alone and "critic/adversarial" not in alone
    assert keras.models.load_model(runs / "joint" / "scene.keras").input_size == (32, 32)


def test_a_stopped_run_ends_bit_equal(runs, monkeypatch):
    begin = ["train", "scene_pipeline", *arguments(runs, "encoder", "halves")]
    with monkeypatch.context() as stopped:
        # Not by its length, on which the learning rates depend.
        stopped.setattr(StopOnSignal, "on_train_batch_end", lambda self, step, logs=None: _stop(self))
        assert cli.main(begin) == 0
    assert checkpoints(runs / "halves" / "checkpoints")[-1].stem.endswith("0002")
    assert cli.main([*begin, "--resume"]) == 0
    for ours, theirs in zip(weights(runs / "halves"), weights(runs / "joint"), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert cli.main([*begin, "--resume", "--set", "factor=4"]) == 2


def _stop(callback):
    callback.model.stop_training = True


def test_phases_change_what_they_train(runs):
    started, encoder, joint = (open_generator(runs / name).network for name in ("generator", "encoder", "joint"))
    for one, other, same in ((started, encoder, True), (started, joint, False)):
        pairs = zip(one.get_weights(), other.get_weights(), strict=True)
        assert all(np.array_equal(*pair) for pair in pairs) == same
    assert open_generator(runs / "joint").classes == ["forest", "mountain"]


def test_the_usual_critic_is_built(folder, capsys):
    """The preset as it stands, on a generator of 64x64 pixels, up to the first step."""
    write_generator_run(folder / "large", (64, 64))
    call = ["train", "scene_pipeline", *arguments(folder, "large", "dry", "--dry-run", critic="projected")]
    assert cli.main(call) == 0 and not (folder / "dry").exists()
    assert '"critic": "projected"' in capsys.readouterr().out


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


def test_a_photograph_becomes_a_scene(runs, tmp_path, capfd):
    photo, out = runs / "photographs" / "a.png", tmp_path / "scene.png"
    call = ["scene", str(photo), "--style", "munch_scream", "--model", str(runs / "joint"), "-o"]
    assert cli.main([*call, str(out)]) == 0
    with Image.open(out) as picture:
        assert picture.size == (16, 16)
        scene = np.asarray(picture)
    assert read_provenance(read_xmp(out)).source_type == SOURCE_TYPES[STYLIZED]
    # What the parts make of it, by hand.
    middle = Image.open(photo).crop((6, 0, 46, 40)).resize((32, 32), Image.Resampling.BICUBIC)
    painted = np.asarray(load().stylize(middle, "munch_scream"))
    np.testing.assert_array_equal(scene, open_scenes(runs / "joint").run(painted))
    mixed = tmp_path / "small.jpg"
    call[3] = "munch_scream=1,hokusai_great_wave=2"
    assert cli.main([*call, str(mixed), "--strength", "0.5", "--max-size", "8", "--no-provenance"]) == 0
    with Image.open(mixed) as picture:
        assert picture.size == (8, 8)
    assert read_provenance(read_xmp(mixed)).source_type is None
    out, err = capfd.readouterr()
    assert "scene.png  16x16" in out and not err


def test_transparency_is_cut_with_the_picture(runs):
    photo = Image.open(runs / "photographs" / "a.png").convert("RGBA")
    photo.putalpha(Image.linear_gradient("L").resize(photo.size))
    maker = SceneMaker(open_scenes(runs / "joint"), load())
    scene = maker.make(photo, "munch_scream")
    assert scene.mode == "RGBA" and scene.size == (16, 16)
    assert np.ptp(np.asarray(scene.getchannel("A"))[:, 8]) > 200


def test_noise_becomes_a_painted_scene(runs, tmp_path, capfd):
    call = ["generate", "--model", str(runs / "joint"), "--n", "2", "--seed", "3", "--class", "mountain"]
    assert cli.main([*call, "--style", "munch_scream", "-o", str(tmp_path / "painted")]) == 0
    plain = open_generator(runs / "joint").generate([3, 4], "mountain")
    with Image.open(tmp_path / "painted" / "seed0004.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), load().stylize(plain[1], "munch_scream"))
    assert cli.main([*call, "--style", "munch_scream", "-o", str(tmp_path / "grid.png")]) == 0
    with Image.open(tmp_path / "grid.png") as grid:
        np.testing.assert_array_equal(np.asarray(grid)[:16, :16], load().stylize(plain[0], "munch_scream"))
    assert not capfd.readouterr().err


def test_painted_scenes_are_enlarged_before_they_are_painted(runs, tmp_path, monkeypatch, capfd):
    class Twice:
        factor = 2

        def upscale(self, image, max_pixels=0):
            return image.resize([2 * side for side in image.size], Image.Resampling.NEAREST)

    monkeypatch.setattr("keras_stylegan.inference.upscaler.open_upscaler", lambda source: Twice())
    call = ["generate", "--from", str(runs / "joint"), "--n", "1", "--upscale", "--style", "munch_scream"]
    assert cli.main([*call, "-o", str(tmp_path)]) == 0
    large = Twice().upscale(Image.fromarray(open_generator(runs / "joint").generate([0])[0]))
    with Image.open(tmp_path / "seed0000_x2.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), load().stylize(large, "munch_scream"))
    scene = ["scene", str(runs / "photographs" / "a.png"), "--model", str(runs / "joint"), "--upscale"]
    assert cli.main([*scene, "--style", "munch_scream", "-o", str(tmp_path / "large.png")]) == 0
    with Image.open(tmp_path / "large.png") as picture:
        assert picture.size == (32, 32)
    capfd.readouterr()


# Mistakes


@pytest.mark.parametrize(
    "call, message",
    [
        (["scene", "{photo}", "-o", "{out}"], "the following arguments are required: --style"),
        (["scene", "{photo}", "-o", "{out}", "--style", "munch_screem"], "munch_scream"),
        (["scene", "{photo}", "-o", "{out}", "--style", "munch_scream", "--strength", "2"], "`strength` must be"),
        (
            ["scene", "{photo}", "-o", "{out}", "--style", "munch_scream"],
            "or a packaged one (there are none). Received: scene_pipeline; `keras-stylegan train scene_pipeline",
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
            ["generate", "--style", "munch_scream", "-o", "{out}"],
            "(there are none). Received: scenes; `keras-stylegan train stylegan2_scenes_projected --data SCENES",
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
        ({"--from": "scenes_of_mine"}, "or a packaged generator (there are none). Received: scenes_of_mine; `keras-"),
        ({"--from": "{folder}"}, "`start_from` must be the directory of a run, with config.json and generator.keras"),
        ({"--styles": "{folder}/scenes"}, "`styles` must hold pictures named after packaged styles, such as"),
        ({"--data": "{folder}/nowhere"}, "nowhere"),
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
