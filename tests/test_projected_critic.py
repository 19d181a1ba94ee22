"""The critic that looks through a frozen perceptual network."""

import keras
import numpy as np
import pytest

from keras_stylegan.models import StyleGAN2
from keras_stylegan.networks import PerceptualNetwork, ProjectedCritic, StyleGAN2Generator
from keras_stylegan.ops.gradients import input_gradient
from keras_stylegan.presets import get_preset, with_settings
from keras_stylegan.systems.stylegan2 import untrained_stylegan2

TAPS = ("relu1_1", "relu2_1")


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def features(taps=TAPS, stages=2):
    network = PerceptualNetwork([[4]] * stages, taps)
    network.build()
    return network


@pytest.fixture
def critic():
    keras.utils.set_random_seed(0)
    network = ProjectedCritic(features(), (16, 16), filters=8, num_classes=2)
    network.build()
    return network


def test_a_logit_for_each_place_at_each_scale(critic, rng):
    images = rng.uniform(-1, 1, (2, 16, 16, 3)).astype("float32")
    labels = np.eye(2, dtype="float32")
    logits = np.array(critic(images, labels))
    assert logits.shape == (2, 2 * 16)
    # One picture, both classes: the class moves every logit.
    twice = np.array(critic(np.repeat(images[:1], 2, axis=0), labels))
    assert (np.abs(twice[0] - twice[1]) > 1e-6).all()
    # Each logit is of its own place: a change of one corner moves the logits there most, and at the shallow scale
    # leaves the opposite corner alone.
    changed = images.copy()
    changed[:, :2, :2] = -changed[:, :2, :2]
    moved = np.abs(np.array(critic(changed, labels)) - logits)[0].reshape(2, 4, 4)
    shallow = moved[1]  # the deepest scale comes first
    assert shallow[0, 0] > 1e-6 and shallow[3, 3] < 1e-6


def test_what_looks_is_frozen_and_what_judges_trains(critic):
    trained = {v.path.split("/")[1] for v in critic.trainable_variables}
    assert all(name.startswith(("score_", "down_", "norm_")) for name in trained)
    frozen = {v.path.split("/")[1] for v in critic.non_trainable_variables}
    assert {"project_relu1_1", "mix_relu1_1", "project_relu2_1", "mix_relu2_1"} <= frozen


def test_gradients_reach_the_picture_through_every_scale(critic, rng):
    images = rng.uniform(-1, 1, (1, 16, 16, 3)).astype("float32")
    labels = np.eye(2, dtype="float32")[:1]
    for scale in range(2):

        def score(x, scale=scale):
            return keras.ops.sum(critic(x, labels)[:, 16 * scale : 16 * (scale + 1)], axis=1)

        _, gradient = input_gradient(score, images)
        assert (np.abs(np.array(gradient)).max(axis=(0, 3)) > 0).all()


def test_a_step_trains_heads_and_generator_and_leaves_the_rest(rng):
    generator = StyleGAN2Generator((16, 16), channel_base=64, channel_max=8, latent_dim=6, style_dim=6, num_classes=2)
    critic = ProjectedCritic(features(), (16, 16), filters=8, num_classes=2)
    for network in (generator, critic):
        network.build()
    model = StyleGAN2(generator, critic, loss="hinge", gamma=0.0, path_length_weight=0.0, seed=1)
    optimizers = {name: keras.optimizers.SGD(0.1) for name in ("critic", "generator")}
    model.compile(optimizers)
    before = {v.path: np.array(v) for v in model.variables}
    images = rng.uniform(-1, 1, (4, 16, 16, 3)).astype("float32")
    logs = model.make_step()({"images": images, "labels": np.array([0, 1, 0, 1])})
    assert np.isfinite(float(logs["critic/adversarial"]))
    moved = {v.path for v in model.variables if np.abs(np.array(v) - before[v.path]).max() > 0}
    assert {v.path for v in critic.trainable_variables} - moved == set()
    assert len(moved & {v.path for v in generator.trainable_variables}) > 10
    assert not any("project_" in path or "mix_" in path or "conv1_1" in path for path in moved)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ProjectedCritic(features(), filters=0), "`filters` must be positive. Received: filters=0"),
        (lambda: ProjectedCritic(features(), (12, 12)), "`size` must give square maps of 8 pixels and more"),
        (lambda: ProjectedCritic(features(), (16, 32)), "`size` must give square maps"),
        (
            lambda: ProjectedCritic(features(("relu1_1", "relu3_1"), 3), (64, 64)),
            "`features` must have taps that halve the size one by one",
        ),
    ],
)
def test_wrong_arguments_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("critic=patch", "`critic` must be one of stylegan2, projected, .*. Received: critic=patch"),
        ("channels=1", "`channels` must be 3 for a critic of projected. Received: channels=1"),
    ],
)
def test_wrong_settings_are_named(setting, message):
    preset = with_settings(get_preset("stylegan2_scenes_projected"), [setting])
    with pytest.raises(ValueError, match=message):
        untrained_stylegan2(preset, 4)
