"""Super-resolution: starts at bicubic, data and terms are what they say, trains, resumes, ships, works in tiles."""

import json
import pathlib
import runpy
import sys

import keras
import numpy as np
import pytest
from PIL import Image

from keras_stylegan import cli, data, pretrained
from keras_stylegan.callbacks import StopOnSignal, checkpoints, read_metrics
from keras_stylegan.inference import upscaler as upscaling
from keras_stylegan.metrics import ycbcr_luma
from keras_stylegan.models import AdversarialModel, SuperResolution
from keras_stylegan.networks import PatchCritic, PerceptualNetwork, SuperResolutionNetwork
from keras_stylegan.ops.bicubic import upsample_bicubic

RECIPE = pathlib.Path(__file__).parents[1] / "training" / "super_resolution.py"
RNG = np.random.default_rng(0)


def photograph(height, width, seed=0, noise=6):
    y, x = np.mgrid[:height, :width]
    waves = np.sin(np.stack([x / 3 + seed, y / 4, (x + y) / 5], -1)) * 90 + 128
    return np.uint8(np.clip(waves + np.random.default_rng(seed).normal(0, noise, waves.shape), 0, 255))


def tiny_network(seed=0, factor=4):
    """Weights drawn at random: the last kernel, which starts at 0, would hide the body."""
    network = SuperResolutionNetwork(factor, filters=4, num_blocks=1)
    network.build()
    rng = np.random.default_rng(seed)
    network.set_weights([rng.normal(0, 0.1, weight.shape) for weight in network.weights])
    return network


# The network and its data


def test_an_untrained_network_is_bicubic_interpolation():
    images = RNG.uniform(-1, 1, (2, 7, 9, 3)).astype("float32")
    network = SuperResolutionNetwork(3, filters=4, num_blocks=2)
    np.testing.assert_allclose(network(images), upsample_bicubic(images, 3), atol=1e-6)


def test_a_pixel_depends_on_its_surroundings_alone():
    network, images = tiny_network(), np.zeros((1, 24, 24, 3), "float32")
    changed = images.copy()
    changed[0, 12, 12] = 1
    rows = np.flatnonzero(np.abs(np.asarray(network(changed) - network(images)))[0].max(axis=(1, 2)))
    assert rows.min() // 4 >= 12 - network.reach and rows.max() // 4 <= 12 + network.reach
    assert rows.min() // 4 == 12 - 5 == 12 - network.reach


def test_clean_pictures_are_pillows_bicubic_and_the_rest_is_degraded_by_its_position():
    picture = photograph(32, 48)
    small = Image.fromarray(picture).resize((12, 8), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(data.Degradation(clean=1.0).at(picture, 5), np.asarray(small))
    degradation = data.Degradation(clean=0.0)
    first = degradation.at(picture, 5, seed=1)
    assert first.shape == (8, 12, 3) and first.dtype == np.uint8
    np.testing.assert_array_equal(first, degradation.at(picture, 5, seed=1))
    for other in (degradation.at(picture, 6, seed=1), degradation.at(picture, 5, seed=2)):
        assert np.abs(first.astype(int) - other).mean() > 0.5


def test_each_step_of_the_degradation_does_what_it_says():
    flat = np.full((64, 64, 3), 100, "uint8")
    nothing = {"blur": 0.0, "noise": 0.0, "quality": 100, "clean": 0.0}
    np.testing.assert_array_equal(data.Degradation(**nothing).at(flat, 0), flat[:16, :16])
    noisy = np.stack([data.Degradation(**{**nothing, "noise": 10.0}).at(flat, i) for i in range(40)]).astype("float32")
    spread = noisy.std(axis=(1, 2, 3))
    assert 3.5 < spread.mean() < 6.5 and spread.max() < 11  # uniform up to 10
    grey = np.abs(noisy - noisy[..., :1]).max(axis=(1, 2, 3)) == 0
    assert 8 < grey.sum() < 32
    edges = photograph(64, 64)
    sharp, soft = (
        np.mean([data.Degradation(**{**nothing, "blur": blur}).at(edges, i).std() for i in range(12)])
        for blur in (0.0, 6.0)
    )
    assert soft < 0.8 * sharp
    blocks = data.Degradation(**{**nothing, "quality": 5}).at(edges, 1)
    assert np.abs(blocks.astype(int) - data.Degradation(**nothing).at(edges, 1)).mean() > 1


def test_batches_are_pairs_of_a_crop_and_its_small_version():
    crops = data.Crops([photograph(40, 50, i) for i in range(3)], 16, 2, (1.0, 1.0), flip=False, seed=3)
    batches = data.DegradedBatches(crops, data.Degradation(clean=1.0))
    batch, again = batches[4], batches[4]
    assert batch["images"].shape == (2, 16, 16, 3) and batch["small"].shape == (2, 4, 4, 3)
    for key in batch:
        np.testing.assert_array_equal(batch[key], again[key])
    wanted = Image.fromarray(data.to_uint8(batch["images"][1])).resize((4, 4), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(data.to_uint8(batch["small"][1]), np.asarray(wanted))
    np.testing.assert_array_equal(batch["images"], crops[4])


@pytest.mark.parametrize(
    "options, message",
    [
        ({"factor": 0}, "`factor` must be at least 1"),
        ({"blur": -1.0}, "`blur` must be finite and at least 0"),
        ({"noise": float("nan")}, "`noise` must be finite and at least 0"),
        ({"quality": 0}, "`quality` must be from 1 to 100"),
        ({"clean": 1.5}, "`clean` must be from 0 to 1"),
    ],
)
def test_wrong_degradations_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        data.Degradation(**options)


def test_crops_must_divide():
    with pytest.raises(ValueError, match="`picture` must have sides that are multiples of 4. Received: 18x16"):
        data.Degradation().at(photograph(16, 18), 0)
    with pytest.raises(ValueError, match="`crops` must have sides that are multiples of 4"):
        data.DegradedBatches(data.Crops([photograph(40, 50)], 18, 1), data.Degradation())


# Scores


def test_luma_is_scikit_images():
    from skimage.color import rgb2ycbcr

    truth = photograph(23, 31)
    np.testing.assert_allclose(ycbcr_luma(truth), rgb2ycbcr(truth)[..., 0], atol=1e-9)


# The model


class Brightness(keras.Model):
    """A critic whose logit is the mean of a picture, times a weight: gradients of which are known."""

    def __init__(self):
        super().__init__()
        self.scale = self.add_weight(name="scale", shape=(), initializer="ones")
        self.built = True

    def call(self, images):
        return self.scale * keras.ops.mean(images, axis=(1, 2, 3), keepdims=True)


def batch(size=2, seed=0):
    rng = np.random.default_rng(seed)
    shapes = {"images": (size, 16, 16, 3), "small": (size, 4, 4, 3)}
    return {name: rng.uniform(-1, 1, shape).astype("float32") for name, shape in shapes.items()}


def test_terms_are_what_the_formula_says():
    perceptual = PerceptualNetwork(((4,), (4,)), taps=("relu1_1", "relu2_1"))
    perceptual.build()
    network, fed = tiny_network(), batch()
    model = SuperResolution(
        network, perceptual, Brightness(), pixel_weight=2.0, perceptual_weight=3.0, critic_weight=0.5,
        penalty_weight=7.0,
    )  # fmt: skip
    enlarged = np.asarray(network(fed["small"]))
    real, fake = (images.mean(axis=(1, 2, 3)) for images in (fed["images"], enlarged))
    terms = {name: np.asarray(term) for name, term in model.generator_terms(fed).items()}
    np.testing.assert_allclose(terms["pixel"], 2 * np.abs(enlarged - fed["images"]).mean(axis=(1, 2, 3)), rtol=1e-5)
    np.testing.assert_allclose(terms["adversarial"], 0.5 * np.log1p(np.exp(real - fake)), rtol=1e-5)
    distances = []
    ours, theirs = perceptual(enlarged), perceptual(fed["images"])
    for tap in ours:
        one, other = (np.asarray(features[tap]).reshape(2, -1) for features in (ours, theirs))
        distances.append(np.square(one - other).sum(1) / np.square(other).sum(1))
    np.testing.assert_allclose(terms["perceptual"], 3 * np.mean(distances, axis=0), rtol=1e-4)
    critic = np.asarray(model.critic_terms(fed)["adversarial"])
    np.testing.assert_allclose(critic, np.log1p(np.exp(fake - real)), rtol=1e-5)
    # The gradient of a mean over n values is 1 / n at each, its squared norm 1 / n, the term gamma / 2 times that.
    np.testing.assert_allclose(model.r1(fed), 7 / 2 / (16 * 16 * 3), rtol=1e-4)


def test_weights_of_nothing_make_no_terms():
    model = SuperResolution(tiny_network())
    assert set(model.generator_terms(batch())) == {"pixel"}
    assert [player.name for player in model.players()] == ["generator"]


@pytest.mark.parametrize(
    "options, message",
    [
        ({"critic_weight": 0.1}, "`critic` and a `critic_weight` above 0 go together"),
        ({"perceptual_weight": 0.1}, "`perceptual` and a `perceptual_weight` above 0 go together"),
        ({"pixel_weight": 0.0}, "one of the weights must be above 0"),
        ({"loss": "hinges"}, "`name` must be one of"),
    ],
)
def test_wrong_models_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        SuperResolution(tiny_network(), **options)


def test_model_saves_and_loads(tmp_path):
    critic = PatchCritic(0, filters=4, num_layers=1)
    critic.build((None, None, None, 3))
    model = SuperResolution(tiny_network(), critic=critic, critic_weight=0.2, loss="hinge", penalty_every=3)
    small = batch()["small"]
    model(small)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(small), model(small))
    assert (loaded.loss_name, loaded.penalty_every, loaded.critic_weight) == ("hinge", 3, 0.2)
    np.testing.assert_array_equal(loaded.critic(batch()["images"]), critic(batch()["images"]))


# Runs


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photographs")
    for i in range(4):
        Image.fromarray(photograph(40, 52, i)).save(folder / f"{i}.png")
    return folder


@pytest.fixture
def eagerly(monkeypatch):
    """Steps without a graph: two of them cost less than to compile one (graphs have tests of their own)."""
    compiled = AdversarialModel.compile

    def compile_eagerly(self, *arguments, **options):
        compiled(self, *arguments, **{**options, "jit_compile": False, "run_eagerly": True})

    monkeypatch.setattr(AdversarialModel, "compile", compile_eagerly)


TINY = {
    "crop_size": 16, "batch_size": 2, "filters": 4, "num_blocks": 1, "critic_filters": 4, "penalty_every": 1,
    "precision": "float32", "log_images": 2, "kimg": 0.004,
}  # fmt: skip


def train(monkeypatch, photographs, out, *more, **changes):
    settings = [text for key, value in {**TINY, **changes}.items() for text in ("--set", f"{key}={value}")]
    monkeypatch.setattr(sys, "argv", [RECIPE.name, "--data", str(photographs), "--out", str(out), *settings, *more])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(RECIPE), run_name="__main__")
    return ended.value.code


def weights(run):
    return [w for name in ("network", "critic") for w in keras.models.load_model(run / f"{name}.keras").get_weights()]


def test_recipe_trains_resumes_exactly_and_begins_with_another_run(photographs, tmp_path, monkeypatch, eagerly):
    whole, halves, second = tmp_path / "whole", tmp_path / "halves", tmp_path / "second"
    fixed = {"ema_kimg": 0, "learning_rate": 1e-3}
    assert train(monkeypatch, photographs, whole, **fixed) == 0
    last = read_metrics(whole / "metrics.jsonl")[-1]
    names = ["generator/pixel", "generator/perceptual", "generator/adversarial", "critic/adversarial", "critic/r1"]
    assert last["images"] == 4 and np.isfinite([last[name] for name in names]).all()
    with monkeypatch.context() as stopped:
        # Not by its length, on which the learning rates depend.
        stopped.setattr(StopOnSignal, "on_train_batch_end", lambda self, step, logs=None: _stop(self))
        assert train(monkeypatch, photographs, halves, **fixed) == 0
    assert checkpoints(halves / "checkpoints")[-1].stem.endswith("0002") and not _same(weights(halves), weights(whole))
    assert train(monkeypatch, photographs, halves, "--resume", **fixed) == 0
    assert _same(weights(halves), weights(whole))
    changes = {"learning_rate": 1e-12, "critic_learning_rate": 1e-12, "kimg": 0.002}
    assert train(monkeypatch, photographs, second, "--from", str(whole), **changes) == 0
    facts = json.loads((second / "config.json").read_text())["facts"]
    assert facts["begun_with"]["images_seen"] == 4 and facts["begun_with"]["settings"]["crop_size"] == 16
    for ours, theirs in zip(weights(second), weights(whole), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def _stop(callback):
    callback.model.stop_training = True


def _same(ours, theirs):
    return all(np.array_equal(one, other) for one, other in zip(ours, theirs, strict=True))


def test_pixels_alone_learn_to_beat_bicubic_interpolation(tmp_path):
    """Waves of one kind: what a bicubic filter flattens can be learnt in a moment."""
    crops = data.Crops([photograph(64, 64, i, noise=0) for i in range(4)], 32, 4, None, seed=1)
    batches = data.DegradedBatches(crops, data.Degradation(2, clean=1.0))
    network = SuperResolutionNetwork(2, filters=8, num_blocks=1)
    network.build()
    model = SuperResolution(network)
    model.compile({"generator": keras.optimizers.Adam(5e-3)}, jit_compile=False)
    step = model.make_step()
    first = step(batches[0])["generator/pixel"]
    for index in range(1, 60):
        last = step(batches[index])["generator/pixel"]
    assert last < 0.8 * first


@pytest.mark.parametrize(
    "arguments, message",
    [
        ([], "`data` must name the photographs"),
        (["--data", "{photographs}", "--set", "crop_size=20"], "`crop_size` must be a multiple of 8 and of `factor`"),
        (["--data", "{photographs}", "--set", "loss=hinges"], "`loss` must be one of"),
        (["--data", "{photographs}", "--from", "{out}"], "`start_from` must be the directory of such a run"),
        (["--data", "{photographs}", "--set", "jpeg_quality=101"], "`quality` must be from 1 to 100"),
    ],
)
def test_mistakes_in_training_exit_2(photographs, tmp_path, capsys, arguments, message):
    places = {"photographs": photographs, "out": tmp_path / "out"}
    call = ["train", "super_resolution", "--out", str(tmp_path / "out"), *(a.format(**places) for a in arguments)]
    assert cli.main(call) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()


# What ships


@pytest.fixture(scope="module")
def assets(tmp_path_factory, photographs):
    """The package's files of a run, and the network that it left."""
    pytest.importorskip("tensorflow")
    from keras_stylegan.exporters.upscaler import package_upscaler
    from keras_stylegan.presets import as_dict, get_preset

    run, assets = tmp_path_factory.mktemp("run"), tmp_path_factory.mktemp("assets")
    network = SuperResolutionNetwork(4, filters=4, num_blocks=1, dtype="mixed_bfloat16")
    network.build()
    network.set_weights(tiny_network().get_weights())
    network.save(run / "network.keras")
    settings = as_dict(get_preset("super_resolution"))
    config = {"system": "super_resolution", "settings": {**settings, "filters": 4, "num_blocks": 1}, "facts": {}}
    (run / "config.json").write_text(json.dumps(config))
    (run / "metrics.jsonl").write_text(json.dumps({"images": 800, "generator/pixel": 0.05}) + "\n")
    (assets / "manifest.json").write_text('{"compact": {"file": "x"}}')
    entry = package_upscaler(run, assets, "Four pictures.", "Free.", photographs)
    return assets, entry


@pytest.fixture()
def upscaler(assets):
    return upscaling.Upscaler((assets[0] / "weights/super_resolution.tflite").read_bytes(), 1)


def test_packaged_files_say_what_they_are(assets):
    folder, entry = assets
    assert sorted(path.name for path in folder.rglob("*.*")) == [
        "manifest.json", "super_resolution.md", "super_resolution.tflite"
    ]  # fmt: skip
    manifest = json.loads((folder / "manifest.json").read_text())
    assert set(manifest) == {"compact", "super_resolution"} and manifest["super_resolution"] == entry
    assert entry["images_seen"] == 800 and entry["factor"] == 4 and entry["losses"] == {"pixel": 0.05}
    assert entry["recipe"].startswith("keras-stylegan train super_resolution --data PICTURES --out RUN --set filters=4")
    assert set(entry["scores"]) == {"bicubic", "network"}
    card = (folder / "weights/super_resolution.md").read_text()
    assert f"| bicubic | {entry['scores']['bicubic']['psnr']:.2f} |" in card and "Four pictures." in card


def test_the_file_computes_what_the_network_computes(upscaler):
    picture = photograph(21, 34)
    enlarged = np.asarray(tiny_network()(picture[None] / 127.5 - 1.0))[0]
    ours = upscaler.run(picture)
    assert upscaler.factor == 4 and ours.shape == (84, 136, 3) and ours.dtype == np.uint8
    assert np.abs(ours.astype(int) - np.clip(np.rint((enlarged + 1) * 127.5), 0, 255)).max() <= 1


def test_tiles_are_parts_of_the_whole(assets, upscaler):
    content = (assets[0] / "weights/super_resolution.tflite").read_bytes()
    picture = photograph(50, 37)
    tiled = upscaling.Upscaler(content, 1, tile=16, margin=tiny_network().reach)
    np.testing.assert_allclose(tiled.run(picture).astype(int), upscaler.run(picture), atol=1)
    torn = upscaling.Upscaler(content, 1, tile=16, margin=0)
    assert np.abs(torn.run(picture).astype(int) - upscaler.run(picture)).max() > 3


@pytest.mark.parametrize("size", [(1, 1), (2, 9), (7, 5)])
def test_tiny_pictures_are_enlarged(upscaler, size):
    assert upscaler.run(photograph(*size)).shape == (4 * size[0], 4 * size[1], 3)


def test_alpha_is_enlarged_too_and_size_is_limited(upscaler):
    picture = Image.fromarray(photograph(10, 12)).convert("RGBA")
    assert upscaler.upscale(picture).mode == "RGBA" and upscaler.upscale(picture).size == (48, 40)
    with pytest.raises(ValueError, match="at most 100 pixels .* Received: 12x10, enlarged 48x40"):
        upscaler.upscale(picture, max_pixels=100)


def test_no_network_is_too_large_to_ship(assets, photographs, monkeypatch, tmp_path):
    from keras_stylegan.exporters import upscaler as exporter

    tiny_network().save(tmp_path / "network.keras")
    monkeypatch.setattr(exporter, "convert", lambda *arguments, **options: bytes(exporter.MAX_BYTES + 1))
    with pytest.raises(ValueError, match="at most 4000000 bytes. Received: 4000001"):
        exporter.package_upscaler(tmp_path, tmp_path / "assets", "", "", photographs)
    assert not (tmp_path / "assets").exists()


@pytest.fixture()
def files(tmp_path, assets):
    Image.fromarray(photograph(9, 13)).save(tmp_path / "photo.png")
    (tmp_path / "broken.tflite").write_bytes(b"none")
    model = str(assets[0] / "weights/super_resolution.tflite")
    return {"model": model, **{name: str(tmp_path / name) for name in ("photo.png", "out.png", "broken.tflite")}}


def test_command_enlarges_without_tensorflow(files, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    assert cli.main(["upscale", files["photo.png"], "-o", files["out.png"], "--model", files["model"]]) == 0
    assert "13x9 to 52x36" in capsys.readouterr().out
    with Image.open(files["out.png"]) as result:
        assert result.size == (52, 36)


def test_command_takes_the_packaged_network(files, assets, monkeypatch):
    monkeypatch.setattr(pretrained, "assets", lambda: assets[0])
    assert cli.main(["upscale", files["photo.png"], "-o", files["out.png"]]) == 0
    monkeypatch.setattr(pretrained, "assets", lambda: pathlib.Path("/nowhere"))
    assert cli.main(["upscale", files["photo.png"], "-o", files["out.png"]]) == 2


@pytest.mark.parametrize(
    "arguments, message",
    [
        (
            ["{photo.png}", "-o", "{out.png}", "--model", "{broken.tflite}"],
            "broken.tflite: not a network that enlarges",
        ),
        (["{photo.png}", "-o", "{out.png}", "--model", "missing.tflite"], "missing.tflite"),
        (["{photo.png}", "-o", "{out.png}", "--max-pixels", "0"], "`--max-pixels` must be at least 1"),
        (["{photo.png}", "-o", "{out.png}", "--model", "{model}", "--max-pixels", "99"], "at most 99 pixels"),
        (["{photo.png}", "-o", "{photo.png}"], "would overwrite its own input"),
        (["{broken.tflite}", "-o", "{out.png}"], "broken.tflite: not a picture"),
    ],
)
def test_command_mistakes_are_one_line_and_exit_2(files, capsys, arguments, message):
    for name, path in files.items():
        arguments = [argument.replace(f"{{{name}}}", path) for argument in arguments]
    assert cli.main(["upscale", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not pathlib.Path(files["out.png"]).exists()


@pytest.mark.parametrize("output", ["folder", "grid.png"])
def test_generated_pictures_are_enlarged_beside_themselves(files, tmp_path, monkeypatch, capsys, output):
    from keras_stylegan.inference import generator

    class Stand:
        def generate(self, seeds, label, truncation):
            return np.stack([photograph(8, 8, seed) for seed in seeds])

    monkeypatch.setattr(generator, "open_generator", lambda source: Stand())
    call = ["generate", "--n", "2", "-o", str(tmp_path / output), "--upscale", files["model"]]
    assert cli.main(call) == 0
    written = [pathlib.Path(line) for line in capsys.readouterr().out.splitlines()]
    sizes = {}
    for path in written:
        with Image.open(path) as picture:
            sizes[path.name] = picture.size
    if output == "grid.png":
        assert set(sizes) == {"grid.png", "grid_x4.png"}
    else:
        assert sizes == {
            f"seed000{i}{end}.png": size for i in (0, 1) for end, size in (("", (8, 8)), ("_x4", (32, 32)))
        }
    assert cli.main([*call[:-1], files["broken.tflite"]]) == 2


def test_a_file_of_another_network_is_refused():
    content = (pathlib.Path(__file__).parent / "data" / "stand_in.tflite").read_bytes()
    with pytest.raises(ValueError, match="`model` must be a LiteRT file with the signature upscale"):
        upscaling.Upscaler(content, 1)
    with pytest.raises(ValueError, match="`tile` must be positive"):
        upscaling.Upscaler(content, 1, tile=0)
