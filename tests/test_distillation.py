"""Distillation of perceptual networks: the student learns, folding keeps its function, ranks are compared."""

import importlib.util
import json
import pathlib

import keras
import numpy as np
import pytest
from PIL import Image

from keras_stylegan.losses import style_loss, style_statistics
from keras_stylegan.models.distillation import (
    FeatureDistillation,
    gradient_agreement,
    gram_rank_correlation,
    save_arrays,
    style_gradient,
)
from keras_stylegan.networks import PerceptualNetwork, build_perceptual

RECIPE = pathlib.Path(__file__).resolve().parents[1] / "training" / "compact.py"


def network(widths=((4, 4), (6,)), taps=("relu1_1", "relu2_1"), seed=0):
    made = PerceptualNetwork(widths, taps, padding="reflect")
    made.build()
    random = np.random.default_rng(seed)
    for layer in (made.preprocess, *made.convolutions):
        layer.set_weights([random.normal(0.1, 0.5, weight.shape).astype("float32") for weight in layer.weights])
    return made


def images(count=8, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (count, 12, 12, 3)).astype("float32")


def test_the_student_learns_and_only_the_student():
    teacher, student = network(), network(((4,), (6,)), seed=1)
    model = FeatureDistillation(student, teacher)
    model.calibrate([images()])
    before = [weight.copy() for weight in teacher.get_weights()]
    preprocess = student.preprocess.get_weights()
    model.compile(keras.optimizers.Adam(0.01), jit_compile=False)
    history = model.fit(images(16), batch_size=4, epochs=12, verbose=0).history
    assert {"loss", "feature_loss", "gram_loss"} <= set(history)
    assert history["loss"][-1] < 0.6 * history["loss"][0]
    for old, new in zip(before + preprocess, teacher.get_weights() + student.preprocess.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_the_loss_by_hand_and_a_perfect_student():
    teacher = network()
    model = FeatureDistillation(network(), teacher, gram_weight=2.0)
    model.compile(keras.optimizers.SGD(0.0), jit_compile=False)
    logs = model.test_on_batch(images(), return_dict=True)
    np.testing.assert_allclose([logs["loss"], logs["feature_loss"]], [0, 0], atol=1e-6)

    other = network(seed=1)
    model = FeatureDistillation(other, teacher, gram_weight=2.0)
    model.calibrate([images()])
    model.compile(keras.optimizers.SGD(0.0), jit_compile=False)
    logs = model.test_on_batch(images(), return_dict=True)
    targets, found = teacher(images()), other(images())
    scales = {tap: np.std(value, axis=(0, 1, 2)) for tap, value in targets.items()}
    feature = np.mean([np.mean((found[tap] - targets[tap] / scales[tap]) ** 2) for tap in targets])
    np.testing.assert_allclose(logs["feature_loss"], feature, rtol=1e-4)
    rescaled = style_statistics({tap: value * scales[tap] for tap, value in found.items()})
    gram = np.mean(style_loss(rescaled, style_statistics(targets)))
    np.testing.assert_allclose(logs["loss"], feature + 2 * gram, rtol=1e-4)


def test_by_stages_each_learns_from_what_the_teacher_says_before_it():
    teacher, student = network(), network(((4,), (6,)), seed=1)
    model = FeatureDistillation(student, teacher, gram_weight=0.0, by_stages=True)
    model.calibrate([images()])
    found, targets = model(images(), training=True)
    x = images() @ student.preprocess.kernel[0, 0] + student.preprocess.bias
    first, second = student.convolutions

    def convolve(convolution, x):
        return convolution(np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), "reflect"))

    np.testing.assert_allclose(found["relu1_1"], convolve(first, x), rtol=1e-4, atol=1e-5)
    pooled = np.asarray(targets["relu1_1"]).reshape(8, 6, 2, 6, 2, 4).max((2, 4))
    np.testing.assert_allclose(found["relu2_1"], convolve(second, pooled), rtol=1e-4, atol=1e-5)
    for tap, value in model(images())[0].items():  # without training, the student is on its own
        np.testing.assert_allclose(value, student(images())[tap], rtol=1e-5)

    # An error of the first stage changes nothing in the second's training, and much in how the student does alone.
    alone = np.asarray(student(images())["relu2_1"])
    first.bias.assign(first.bias + 1.0)
    np.testing.assert_array_equal(model(images(), training=True)[0]["relu2_1"], found["relu2_1"])
    assert np.abs(np.asarray(student(images())["relu2_1"]) - alone).max() > 0.1


def test_gradients_agree_by_their_cosine():
    first, second = network(), network(seed=5)
    pictures, styles = list(images(2)), list(images(2, seed=1))
    assert gradient_agreement(first, first, pictures, styles) == pytest.approx(1, abs=1e-4)
    cosines = []
    for picture in pictures:
        for style in styles:
            slopes = [np.asarray(style_gradient(net, picture[None], style[None])).ravel() for net in (first, second)]
            cosines.append(slopes[0] @ slopes[1] / np.linalg.norm(slopes[0]) / np.linalg.norm(slopes[1]))
    assert gradient_agreement(first, second, pictures, styles) == pytest.approx(np.mean(cosines), abs=1e-4)

    # The slope of the loss along a direction, by central differences.
    picture, style = pictures[0][None], styles[0][None]
    direction = np.random.default_rng(2).normal(size=picture.shape).astype("float32")
    losses = [
        float(style_loss(style_statistics(first(picture + s * direction)), style_statistics(first(style)))[0])
        for s in (1e-3, -1e-3)
    ]
    slope = float(np.sum(np.asarray(style_gradient(first, picture, style)) * direction))
    assert slope == pytest.approx((losses[0] - losses[1]) / 2e-3, rel=0.02)


def test_folding_multiplies_the_taps_and_changes_nothing_else():
    teacher, student = network(), network(((4, 5), (6,)), seed=1)
    model = FeatureDistillation(student, teacher)
    model.calibrate([images()])
    folded = model.folded()
    assert folded.trainable_variables == []
    for tap, value in student(images()).items():
        np.testing.assert_allclose(folded(images())[tap], value * model.scales[tap], rtol=1e-4, atol=1e-4)


def test_silent_channels_get_a_floor():
    teacher = network()
    kernel, bias = teacher.convolutions[0].get_weights()
    kernel[..., 2], bias[2] = 0, -1
    teacher.convolutions[0].set_weights([kernel, bias])
    model = FeatureDistillation(network(seed=1), teacher)
    model.calibrate([images()])
    scale = model.scales["relu1_1"].numpy()
    assert 0 < scale[2] < 0.05 * scale.mean()


def test_other_taps_or_widths_are_an_error():
    with pytest.raises(ValueError, match="`student` must have the teacher's taps and widths"):
        FeatureDistillation(network(((4, 4), (5,))), network())


def test_rank_correlation():
    first, second = network(), network(seed=5)
    pictures, styles = list(images(5)), [image[:, :8] * 0.5 for image in images(4, seed=1)]
    same = gram_rank_correlation(first, first, pictures, styles)
    assert set(same) == {"relu1_1", "relu2_1", "mean"}
    np.testing.assert_allclose(list(same.values()), 1.0)
    other = gram_rank_correlation(first, second, pictures, styles)
    assert all(-1 <= value < 0.999 for value in other.values())
    assert other == gram_rank_correlation(second, first, pictures, styles)


def test_recipe_writes_a_network_that_loads(tmp_path):
    spec = importlib.util.spec_from_file_location("compact_recipe", RECIPE)
    recipe = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(recipe)
    random = np.random.default_rng(0)
    for folder in ("photographs", "paintings"):
        (tmp_path / folder).mkdir()
        for number in range(3):
            pixels = random.integers(0, 256, (40, 50, 3), dtype="uint8")
            Image.fromarray(pixels).save(tmp_path / folder / f"{number}.png")
    teacher = network(((16,), (32,), (64,), (128,)), taps=("relu1_1", "relu2_1", "relu3_1", "relu4_1"))
    save_arrays(teacher, tmp_path / "teacher.npz")
    recipe.main([
        "--teacher", str(tmp_path / "teacher.npz"), "--content", str(tmp_path / "photographs"),
        "--styles", str(tmp_path / "paintings"), "--judge", str(tmp_path / "photographs"),
        "--out", str(tmp_path / "run"),
        "--stage-epochs", "1", "--epochs", "1", "--painted", "2", "--batches", "2", "--batch", "2", "--size", "32",
        "--short", "32", "--judge-every", "2", "--judge-short", "32",
    ])  # fmt: skip
    record = json.loads((tmp_path / "run" / "compact.json").read_text())
    assert record["images_seen"] == 8 and set(record["rank_correlation"]) == {*teacher.taps, "mean"}
    assert -1 <= record["gradient_agreement"] <= 1 and record["gradient_pairs"] == 9
    assert "- Images seen: 8, in" in (tmp_path / "run" / "compact.md").read_text()
    assert len((tmp_path / "run" / "metrics.jsonl").read_text().splitlines()) == 2
    assert build_perceptual(tmp_path / "run" / "compact.npz").count_params() == record["parameters"]
    first, second = (
        recipe.Crops(*data, 2, 4, 24, seed=3) for data in [[recipe.read([tmp_path / "paintings"], 32)] * 2] * 2
    )
    np.testing.assert_array_equal(first[1][0], second[1][0])
    assert first[0][0].shape == (4, 24, 24, 3) and np.abs(first[0][0]).max() <= 1
    assert not np.array_equal(first[0][0], first[1][0])
    with pytest.raises(ValueError, match="No pictures found"):
        recipe.read([tmp_path / "run"], 32)
