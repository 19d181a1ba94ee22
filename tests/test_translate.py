"""From data to a translated file: recipes, resumption, the command, LiteRT, and what is told of mistakes."""

import json
import pathlib
import runpy
import sys

import keras
import numpy as np
import pytest
from PIL import Image
from test_tflite_export import BUILT_IN
from toy_translation import ToyTranslator, write_pictures

from keras_stylegan import cli, pretrained
from keras_stylegan.callbacks import checkpoints, read_metrics
from keras_stylegan.exporters import tflite_target
from keras_stylegan.exporters.litert_graph import operators
from keras_stylegan.exporters.parity import BARS
from keras_stylegan.exporters.tflite import export_tflite
from keras_stylegan.exporters.translators import package_translator
from keras_stylegan.inference.translator import Translator, open_translator
from keras_stylegan.networks import (
    DenseNetTranslator,
    DomainTranslator,
    ResNetTranslator,
    UNetTranslator,
    VNetTranslator,
)
from keras_stylegan.presets import as_dict, get_preset, with_settings
from keras_stylegan.systems import translation_networks

TRAINING = pathlib.Path(__file__).parents[1] / "training"
TINY = {"size": "16,16", "filters": 2, "depth": 2, "num_blocks": 1, "receptive_field": 1, "critic_filters": 2}
TINY |= {"batch_size": 2, "kimg": 0.004, "grid_images": 4}
RECIPES = {"pix2pix": {}, "cyclegan": {"history_size": 3}}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("data"))


def settings(changes):
    return [text for key, value in {**TINY, **changes}.items() for text in ("--set", f"{key}={value}")]


def train(preset, source, out, changes=(), *arguments):
    sources = ["--data", str(source)] if isinstance(source, pathlib.Path) else source
    return cli.main(["train", preset, *sources, "--out", str(out), *settings(dict(changes)), *arguments])


def state(run):
    with np.load(checkpoints(run / "checkpoints")[-1]) as archive:
        return {name: archive[name] for name in archive.files if name not in ("run", "sha256")}


@pytest.mark.parametrize("name", RECIPES)
def test_recipe_takes_two_steps(name, pictures, tmp_path, monkeypatch, eagerly):
    arguments = ["--data", str(pictures), "--out", str(tmp_path / "run"), *settings(RECIPES[name])]
    monkeypatch.setattr(sys, "argv", [f"{name}.py", *arguments])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(TRAINING / f"{name}.py"), run_name="__main__")
    assert ended.value.code == 0
    last = read_metrics(tmp_path / "run" / "metrics.jsonl")[-1]
    assert last["images"] == 4 and np.isfinite([last["critic/loss"], last["generator/loss"]]).all()
    signs = {"pix2pix": ("diversity", "fake_sign"), "cyclegan": ("a_to_b/tone", "b_to_a/diversity")}[name]
    assert all(np.isfinite(last[f"health/{sign}"]) for sign in signs)
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    counts = {"pix2pix": {"pairs": 6}, "cyclegan": {"pictures_a": 6, "pictures_b": 6}}[name]
    assert counts.items() <= config["facts"].items()
    directions = {"pix2pix": ["a_to_b"], "cyclegan": ["a_to_b", "b_to_a"]}[name]
    assert sorted(path.stem for path in (tmp_path / "run").glob("*.keras")) == directions
    with Image.open(tmp_path / "run" / "images" / "000000000004.png") as grid:
        rows = {"pix2pix": 6, "cyclegan": 12}[name]
        assert grid.size == (3 * 16, rows * 16)


@pytest.mark.parametrize(
    "preset, network, changes", [("cyclegan", "resnet", {"history_size": 3}), ("pix2pix", "unet", {"dropout": 0})]
)
def test_resuming_equals_not_stopping(preset, network, changes, pictures, tmp_path, monkeypatch, eagerly):
    """CycleGAN with its history, pix2pix with its average."""
    monkeypatch.setitem(translation_networks.TRANSLATORS, network, lambda preset: ToyTranslator())
    changes |= {"seed": 5, "decay_share": 0} | ({"ema_half_life_kimg": 0.01} if preset == "pix2pix" else {})
    assert train(preset, pictures, tmp_path / "whole", {**changes, "kimg": 0.008}) == 0
    assert train(preset, pictures, tmp_path / "parts", changes) == 0
    before = state(tmp_path / "parts")
    assert train(preset, pictures, tmp_path / "parts", {**changes, "kimg": 0.008}, "--resume") == 0
    whole, parts = state(tmp_path / "whole"), state(tmp_path / "parts")
    assert whole.keys() == parts.keys()
    for name, value in whole.items():
        np.testing.assert_array_equal(value, parts[name], err_msg=name)
    if preset == "cyclegan":
        assert whole["history/a/0"].shape == (3, 16, 16, 3)
        assert whole["history/b/1"] == 3 and np.abs(whole["history/b/0"]).min(axis=(1, 2, 3)).max() > 0
    else:
        averages = [name for name in whole if name.startswith("ema/")]
        assert averages and any(np.abs(whole[name] - before[name]).max() > 0 for name in averages)


def test_a_longer_run_learns_to_its_new_end(pictures, tmp_path, monkeypatch, eagerly):
    """Rates fall to 0 at the end of the run as it is, not of the run as it began."""
    monkeypatch.setitem(translation_networks.TRANSLATORS, "unet", lambda preset: ToyTranslator())
    changes = {"adversarial_weight": 0, "decay_share": 1, "ema_half_life_kimg": 0}
    assert train("pix2pix", pictures, tmp_path / "run", changes) == 0
    before = state(tmp_path / "run")
    assert train("pix2pix", pictures, tmp_path / "run", {**changes, "kimg": 0.008}, "--resume") == 0
    after = state(tmp_path / "run")
    weights = [name for name in after if name.startswith("model/") and after[name].dtype == np.float32]
    assert weights and all(np.abs(after[name] - before[name]).max() > 1e-5 for name in weights)


def test_two_sources_one_way_back_and_l1_alone(tmp_path, eagerly):
    """Labels and photographs in folders of their own; B becomes A; no critic."""
    folder = write_pictures(tmp_path, names=("label", "photo"))
    sources = ["--data", str(folder / "label"), "--data-b", str(folder / "photo")]
    changes = {"direction": "b_to_a", "adversarial_weight": 0, "network": "vnet", "ema_half_life_kimg": 1}
    assert train("pix2pix", sources, tmp_path / "run", changes) == 0
    assert (tmp_path / "run" / "b_to_a.keras").is_file()
    last = read_metrics(tmp_path / "run" / "metrics.jsonl")[-1]
    assert "generator/reconstruction" in last and not [key for key in last if "critic" in key]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run directory that learnt both ways, of networks with a stride of 4 and of 16."""
    folder = tmp_path_factory.mktemp("run")
    for name, network in (("a_to_b", ResNetTranslator(1, 2)), ("b_to_a", UNetTranslator(4, 2))):
        network.build()
        rng = np.random.default_rng(0)
        network.set_weights([rng.normal(0, 0.3, weight.shape) for weight in network.get_weights()])
        network.save(folder / f"{name}.keras")
    return folder


def write_photo(path, width, height):
    rng = np.random.default_rng(width)
    Image.fromarray(rng.integers(0, 256, (height, width, 3), "uint8")).save(path)
    return str(path)


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.mark.parametrize("direction, width, height", [("a_to_b", 37, 70), ("b_to_a", 67, 81), ("b_to_a", 5, 3)])
def test_any_size_is_padded_to_the_stride_and_cropped_back(run, direction, width, height, tmp_path, capfd):
    photo = write_photo(tmp_path / "photo.png", width, height)
    out = str(tmp_path / "out.png")
    assert cli.main(["translate", photo, "--model", str(run), "--direction", direction, "-o", out]) == 0
    told, error = capfd.readouterr()
    assert told.startswith(f"{out}  {width}x{height}  ") and error == ""
    network = keras.models.load_model(run / f"{direction}.keras")
    stride = network.stride
    padding = []
    for side in (height, width):
        total = -(-max(side, 64) // stride) * stride - side
        padding.append((total // 2, total - total // 2))
    image = np.pad(pixels(photo), (*padding, (0, 0)), mode="reflect").astype("float32") / 127.5 - 1
    expected = np.rint((np.array(network(image[None]))[0] + 1) * 127.5)
    (top, _), (left, _) = padding
    np.testing.assert_allclose(pixels(out), expected[top : top + height, left : left + width], atol=1)


def test_a_folder_is_a_batch_and_a_choice_of_way_has_a_default(run, tmp_path, capsys):
    for i in range(2):
        write_photo(tmp_path / f"{i}.png", 20, 16 + i)
    (tmp_path / "bad.png").write_bytes(b"no picture")
    call = ["translate", str(tmp_path), "--model", str(run), "-o", str(tmp_path / "out"), "--json", "--max-size", "10"]
    assert cli.main(call) == 1
    told, error = capsys.readouterr()
    records = [json.loads(line) for line in told.splitlines()]
    assert [record.get("width") for record in records] == [10, 10, None] and records[0]["model"] == str(run)
    assert "1 of 3 pictures failed" in error and "bad.png" in error
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["0.png", "1.png"]
    expected = open_translator(run, "a_to_b").translate(str(tmp_path / "0.png"), max_size=10)
    np.testing.assert_array_equal(pixels(tmp_path / "out" / "0.png"), np.asarray(expected))


@pytest.mark.parametrize(
    "make",
    [
        lambda: ResNetTranslator(1, 4),
        lambda: UNetTranslator(3, 4),
        lambda: UNetTranslator(3, 4, normalization="batch", upsample="resize"),
        pytest.param(lambda: VNetTranslator((1, 1), 4), marks=pytest.mark.soak),
        pytest.param(lambda: DenseNetTranslator(1, 2, 4, 4), marks=pytest.mark.soak),
    ],
    ids=["resnet", "unet", "unet_resize", "vnet", "densenet"],
)
def test_one_litert_file_translates_every_size(make, tmp_path, monkeypatch):
    network = make()
    network.build()
    rng = np.random.default_rng(0)
    for weight in network.weights:
        weight.assign(np.abs(rng.normal(0, 0.3, weight.shape)) if "variance" in weight.name else
                      rng.normal(0, 0.3, weight.shape))  # fmt: skip
    network.save(tmp_path / "network.keras")
    monkeypatch.setattr(tflite_target, "DEFAULT_SIZE", (64, 96))
    monkeypatch.setattr(tflite_target, "OTHER_SIZE", (97, 64))
    file = tmp_path / "network.tflite"
    found, bar = export_tflite(tmp_path / "network.keras", file, quantize="none")
    assert bar == BARS["none"] and found["translate"].max_error <= 1e-4 and found["translate"].delegated == 1.0
    assert set(operators(file.read_bytes())) <= BUILT_IN
    facts = {"stride": network.stride, "min_side": 64, "parameters": network.count_params()}
    assert facts == json.loads((tmp_path / "network.json").read_text())
    photo = write_photo(tmp_path / "photo.png", 71, 90)
    ours, theirs = (open_translator(tmp_path / f"network.{kind}").translate(photo) for kind in ("tflite", "keras"))
    assert ours.size == (71, 90) and np.abs(np.asarray(ours, int) - np.asarray(theirs, int)).max() <= 1


def test_a_packaged_translator_goes_by_its_name(tmp_path, monkeypatch):
    run, assets = tmp_path / "run", tmp_path / "assets"
    run.mkdir()
    assets.mkdir()
    network = ResNetTranslator(1, 2, dtype="mixed_bfloat16")
    network.build()
    network.save(run / "a_to_b.keras")
    settings = as_dict(with_settings(get_preset("cyclegan_small"), ["data=here", "data_b=there", "seed=3"]))
    (run / "config.json").write_text(json.dumps({"system": "cyclegan", "settings": settings, "facts": {}}))
    (run / "metrics.jsonl").write_text('{"images": 40, "generator/cycle_a": 0.5, "generator/loss": 2.0}\n')
    entry = package_translator(run, assets, "frost", "Makes winter.", "pictures", "free")
    recipe = "keras-stylegan train cyclegan_small --data PICTURES --data-b PICTURES_B --out RUN --set seed=3"
    assert entry["recipe"] == recipe and entry["losses"] == {"cycle_a": 0.5} and entry["images_seen"] == 40
    card = (assets / "weights" / "frost.md").read_text()
    assert "# Model card: frost\n\nMakes winter." in card and f"{network.count_params():,} parameters" in card
    monkeypatch.setattr(pretrained, "assets", lambda: assets)
    photo = write_photo(tmp_path / "photo.png", 30, 20)
    assert cli.main(["translate", photo, "--model", "frost", "-o", str(tmp_path / "out.jpg")]) == 0
    assert pixels(tmp_path / "out.jpg").shape == (20, 30, 3)
    with pytest.raises(ValueError, match=r"a packaged one \(frost\). Received: frst. Did you mean frost"):
        open_translator("frst")


def test_wrong_models_are_one_line(run, tmp_path, capsys):
    photo, out = write_photo(tmp_path / "photo.png", 20, 20), tmp_path / "out.png"
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.keras").write_bytes(b"no network")
    (tmp_path / "bad.tflite").write_bytes(b"no network")
    other = DomainTranslator(2, 2, 2, 1, 1, 2, 2, 1)
    other.build()
    other.save(tmp_path / "network.keras")
    one_way = tmp_path / "one_way"
    one_way.mkdir()
    (one_way / "b_to_a.keras").write_bytes((run / "b_to_a.keras").read_bytes())
    for arguments, message in (
        (["nowhere"], "`model` must be a run directory, a .keras or .tflite file of a translator, or a packaged one"),
        ([str(tmp_path / "empty")], "`model` must be the run directory of a translator, with a_to_b.keras or b_to_a"),
        ([str(tmp_path / "bad.keras")], "bad.keras: the file cannot be read"),
        ([str(tmp_path / "network.keras")], "`model` must hold a translator. Received: "),
        ([str(tmp_path)], "network.keras with DomainTranslator"),
        ([str(tmp_path / "bad.tflite")], "bad.tflite: must be a LiteRT file with the .json file of its export beside"),
        ([str(run), "--direction", "atob"], "`direction` must be a_to_b or b_to_a. Received: direction=atob. Did you"),
        ([str(one_way), "--direction", "a_to_b"], "`direction` must be b_to_a for"),
        ([str(run), "--max-size", "0"], "`--max-size` must be at least 1. Received: 0"),
    ):
        assert cli.main(["translate", photo, "-o", str(out), "--model", *arguments]) == 2
        error = capsys.readouterr().err
        assert message in error and error.count("\n") == 1
    assert not out.exists()
    assert (
        cli.main(["translate", photo, str(tmp_path / "two.png"), "-o", str(tmp_path / "new"), "--model", "nowhere"])
        == 2
    )
    assert "there are none). Received: nowhere; `keras-stylegan train pix2pix_small" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
    with pytest.raises(ValueError, match="`max_size` must be at least 1. Received: max_size=0"):
        Translator(None).translate(photo, max_size=0)


@pytest.mark.parametrize(
    "preset, changes, message",
    [
        ("pix2pix", {"network": "unett"}, "`network` must be one of unet, vnet, resnet, densenet, densenet121, "),
        ("pix2pix", {"critic_normalization": "spectral"}, "`critic_normalization` must be one of batch, instance, "),
        ("cyclegan", {"loss": "lsgan"}, "`loss` must be one of minimax, non_saturating, least_squares, "),
        ("pix2pix", {"direction": "b"}, "`direction` must be one of a_to_b, b_to_a. Received: direction=b"),
        ("pix2pix", {"size": "18,16"}, "`size` must be multiples of 4 for this unet, or `depth` lower than 2. Rec"),
        ("pix2pix", {"network": "vnet", "depth": 4}, "`size` must be at least 32 for a `network` of vnet. Received"),
        ("pix2pix", {"decay_share": 1.5}, "`decay_share` must be at most 1. Received: decay_share=1.5"),
        ("cyclegan", {"receptive_field": 286}, "`size` must be at least 96 for a `receptive_field` of 286. Received"),
        ("cyclegan", {"critic_steps": 3}, "`batch_size` must be a multiple of `critic_steps`, which share a batch"),
        (
            "cyclegan",
            {"critic_normalization": "batch", "penalty_weight": 10},
            "`critic_normalization` must not be batch with a `penalty_weight`",
        ),
    ],
)
def test_wrong_settings_are_one_line(preset, changes, message, pictures, tmp_path, capsys):
    assert train(preset, pictures, tmp_path / "x", changes) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not (tmp_path / "x").exists()


def test_wrong_pictures_are_one_line(tmp_path, capsys):
    paired = write_pictures(tmp_path / "paired")
    Image.fromarray(np.zeros((9, 9, 3), "uint8")).save(paired / "B" / "3.png")
    assert train("pix2pix", paired, tmp_path / "x") == 2
    assert "the pictures of a pair must have one size. Received: 3 (20x16 and 9x9) in " in capsys.readouterr().err
    (paired / "B" / "4.png").unlink()
    assert train("pix2pix", paired, tmp_path / "x") == 2
    assert "paired pictures must have equal names in A and B. Received: 1 without a partner" in capsys.readouterr().err
    unpaired = write_pictures(tmp_path / "unpaired")
    for file in (unpaired / "B").iterdir():
        file.unlink()
    assert train("cyclegan", unpaired, tmp_path / "x") == 2
    assert "`source` must have pictures in A/ and B/. Received: " in capsys.readouterr().err
    both = ["--data", str(unpaired / "A"), "--data-b", str(unpaired / "B")]
    assert train("cyclegan", both, tmp_path / "x") == 2
    assert "`source` holds no pictures. Received: " in capsys.readouterr().err
    assert cli.main(["train", "cyclegan", "--out", str(tmp_path / "x")]) == 2
    assert "`data` must name the pictures to train on. Received nothing" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()
