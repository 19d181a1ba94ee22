"""Stylisation by optimisation: the loss falls, weights and masks do what they say, both optimisers, the command."""

import os

import numpy as np
import pytest
from PIL import Image

from keras_stylegan import cli
from keras_stylegan.losses import style_loss, style_statistics
from keras_stylegan.models.distillation import save_arrays
from keras_stylegan.models.gatys import GatysModel
from keras_stylegan.models.gatys_masks import region_masks
from keras_stylegan.networks import PerceptualNetwork
from keras_stylegan.networks.perceptual import STYLE_TAPS


@pytest.fixture(scope="module")
def network():
    network = PerceptualNetwork(((6,), (6,), (6,), (6,)), padding="reflect")
    network.build()
    random = np.random.default_rng(0)
    for layer in (network.preprocess, *network.convolutions):
        layer.set_weights([random.normal(0, 0.4, weight.shape).astype("float32") for weight in layer.weights])
    return network


def photo(height=24, width=32):
    y, x = np.mgrid[:height, :width].astype("float32")
    return np.stack([x / width, y / height, 0 * x + 0.3], -1) * 1.6 - 0.8


def painting(seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (20, 28, 3)).astype("float32")


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_the_loss_falls_and_the_picture_stays_in_range(network, optimizer):
    logs = []
    model = GatysModel(network, photo(), {"noise": painting()})
    picture = model.optimize(25, optimizer, callback=lambda step, values: logs.append((step, values)))
    assert picture.shape == (24, 32, 3) and picture.dtype == np.float32
    assert np.abs(picture).max() <= 1 + 1e-6
    assert [step for step, _ in logs] == list(range(1, len(logs) + 1))
    assert logs[0][1]["content"] == 0
    assert logs[-1][1]["loss"] < 0.6 * logs[0][1]["loss"]
    assert logs[-1][1]["noise"] < 0.6 * logs[0][1]["noise"]
    for _, values in logs:
        expected = values["content"] + 20 * values["noise"] + 0.75 * values["total_variation"]
        np.testing.assert_allclose(values["loss"], expected, rtol=1e-4)


def terms_at_the_start(network, **options):
    found = {}
    model = GatysModel(network, photo(), {"first": painting(), "second": painting(1) * 0.3}, **options)
    model.optimize(1, callback=lambda step, values: found.update(values))
    return found


def test_one_weight_changes_its_own_term_alone(network):
    equal, heavier = terms_at_the_start(network), terms_at_the_start(network, weights={"second": 3.0})
    for name in ("content", "total_variation", "first", "second"):
        np.testing.assert_allclose(heavier[name], equal[name], rtol=1e-5)
    np.testing.assert_allclose(heavier["loss"] - equal["loss"], 20 * 2 * equal["second"], rtol=1e-3)


def test_pixels_outside_the_mask_stay(network):
    mask = np.zeros((24, 32), "float32")
    mask[:, :20] = 1
    picture = GatysModel(network, photo(), {"noise": painting()}, masks={"noise": mask}).optimize(10)
    np.testing.assert_array_equal(picture[:, 20:], photo()[:, 20:])
    assert np.abs(picture[:, :20] - photo()[:, :20]).mean() > 0.05


def test_each_region_takes_its_own_style(network):
    left = np.zeros((24, 64), "float32")
    left[:, :32] = 1
    red, blue = np.array([[0.6, -0.6, -0.6], [-0.6, -0.6, 0.6]], "float32")
    styles = {"red": red + 0.4 * painting(), "blue": blue + 0.4 * painting(1)}
    content = np.tile(photo(24, 32), (1, 2, 1))
    picture = GatysModel(network, content, styles, masks={"red": left, "blue": 1 - left}).optimize(40)

    def distance(half, style):
        statistics = (style_statistics(network(image[None])) for image in (half, styles[style]))
        return float(style_loss(*statistics)[0])

    halves = {"red": picture[:, 2:30], "blue": picture[:, 34:62]}
    assert distance(halves["red"], "red") < 0.85 * distance(halves["blue"], "red")
    assert distance(halves["blue"], "blue") < 0.85 * distance(halves["red"], "blue")


def test_masks_are_reduced_and_eroded_by_their_stage():
    mask = np.zeros((48, 67), "float32")
    mask[:, :40] = 1
    masks = region_masks(mask, (48, 67), STYLE_TAPS)
    assert {tap: value.shape for tap, value in masks.items()} == {
        "relu1_1": (1, 48, 67, 1), "relu2_1": (1, 24, 33, 1), "relu3_1": (1, 12, 16, 1), "relu4_1": (1, 6, 8, 1)
    }  # fmt: skip
    # 40, 20, 10 and 5 columns inside, less 1, 2, 3 and 4; the picture's own border is not eroded.
    assert [int(value[0, 0, :, 0].sum()) for value in masks.values()] == [39, 18, 7, 1]
    np.testing.assert_array_equal(masks["relu2_1"][0, :, :18], 1)
    narrow = np.zeros((48, 67), "float32")
    narrow[:, 8:16] = 1
    np.testing.assert_array_equal(region_masks(narrow, (48, 67), ["relu4_1"])["relu4_1"][0, 0, :3, 0], [0, 1, 0])


def test_errors_teach(network):
    styles = {"noise": painting()}
    cases = [
        (dict(content=photo() * 3), "`content` must be in"),
        (dict(content=photo()[..., 0]), "`content` must have the shape"),
        (dict(styles={}), "`styles` must have at least one"),
        (dict(styles={"noise": painting() * 200}), "`styles` must be in"),
        (dict(weights={"nose": 1.0}), r"`weights` must name styles among \['noise'\]. Received: \['nose'\]"),
        (dict(weights={"noise": -1.0}), "`weights` must be finite and at least 0"),
        (dict(weights={"noise": float("nan")}), "`weights` must be finite and at least 0"),
        (dict(masks={"noise": np.ones((3, 3))}), "`masks` must have the picture's height and width"),
        (dict(masks={"noise": np.full((24, 32), 2.0)}), "`masks` must be from 0 to 1"),
        (dict(masks={"noise": np.zeros((24, 32))}), "`masks` must mark at least one pixel"),
        (dict(content_tap="relu5_1"), r"`network` must have the taps \['relu5_1'\]"),
    ]
    for options, message in cases:
        with pytest.raises(ValueError, match=message):
            GatysModel(network, **{"content": photo(), "styles": styles, **options})
    model = GatysModel(network, photo(), styles)
    with pytest.raises(ValueError, match="`optimizer` must be one of adam, lbfgs. Received: 'sgd'"):
        model.optimize(1, "sgd")
    with pytest.raises(ValueError, match="`steps` must be at least 1. Received: 0"):
        model.optimize(0)
    with pytest.raises(ValueError, match="The picture must stay finite"):
        GatysModel(network, photo(), styles, style_weight=1e38).optimize(2)


@pytest.fixture()
def files(tmp_path, network):
    def save(name, array):
        Image.fromarray(np.uint8((array + 1) * 127.5)).save(tmp_path / name)
        return str(tmp_path / name)

    save_arrays(network, tmp_path / "network.npz")
    mask = np.full((24, 32, 3), -1.0)
    mask[:, :16] = 1
    return {
        "photo": save("photo.png", photo()),
        "first": save("first.png", painting()),
        "second": save("second=2.png", painting(1)),
        "mask": save("mask.png", mask),
        "network": str(tmp_path / "network.npz"),
        "out": str(tmp_path / "out.png"),
    }


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image, "int16")


def run(files, *arguments):
    return cli.main(["gatys", files["photo"], "-o", files["out"], "--network", files["network"], *arguments])


@pytest.mark.parametrize("color", ["style", "luma", "match"])
def test_command_paints_inside_the_mask(files, capsys, color):
    code = run(files, "--style", f"{files['first']}=2", "--style", files["second"], "--mask", files["mask"],
               "--steps", "3", "--color", color)  # fmt: skip
    assert code == 0 and "3 steps" in capsys.readouterr().out
    before, after = (pixels(files[name]) for name in ("photo", "out"))
    assert after.shape == before.shape
    np.testing.assert_allclose(after[:, 16:], before[:, 16:], atol=1)
    assert np.abs(after[:, :16] - before[:, :16]).max() > 4


def test_command_reduces_to_size(files):
    assert run(files, "--style", files["first"], "--steps", "1", "--size", "20") == 0
    assert pixels(files["out"]).shape == (15, 20, 3)


@pytest.mark.parametrize("arguments, message", [
    (["--style", "missing.png"], "missing.png"),
    (["--style", "{first}=-1"], "finite weight of at least 0"),
    (["--style", "{first}=x"], "finite weight of at least 0"),
    (["--style", "{first}=0"], "needs a weight above 0"),
    (["--style", "{network}"], "network.npz"),
    (["--style", "{first}", "--steps", "0"], "`--steps` must be at least 1"),
    (["--style", "{first}", "--size", "8"], "`--size` must be at least 16"),
    (["--style", "{first}", "--style-weight", "nan"], "`--style-weight` must be finite"),
    (["--style", "{first}", "--mask", "{mask}", "--mask", "{mask}"], "`--mask` must be given once"),
    (["--style", "{first}", "--network", "vgg11"], "Received: 'vgg11'"),
    (["--style", "{first}", "--network", "missing.npz"], "missing.npz"),
    (["--style", "{first}", "-o", "nowhere/out.png"], "nowhere/out.png: the output's folder does not exist"),
    (["--style", "{first}", "-o", "{photo}"], "photo.png: the output would overwrite its own input"),
    (["--style", "{first}=2", "-o", "{first}"], "first.png: the output would overwrite its own input"),
    (["--style", "{first}", "-o", "out.xyz"], "out.xyz"),
])  # fmt: skip
def test_command_mistakes_are_one_line_and_exit_2(files, capsys, arguments, message):
    assert run(files, *(argument.format(**files) for argument in arguments)) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not os.path.exists(files["out"])
