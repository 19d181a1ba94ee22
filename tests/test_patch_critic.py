"""The patch critic: what a score sees, and what the style adds to it."""

import keras
import numpy as np
import pytest

from keras_stylegan.networks import PatchCritic


@pytest.fixture(scope="module")
def critic():
    keras.utils.set_random_seed(0)
    critic = PatchCritic(3, filters=4, num_layers=3)
    critic.build((None, None, None, 3))
    return critic


def pictures(count, height, width):
    return np.random.default_rng(0).uniform(-1, 1, (count, height, width, 3)).astype("float32")


def test_a_score_sees_a_patch_of_22_pixels(critic):
    images, weights = pictures(1, 64, 64), np.eye(3, dtype="float32")[:1]
    changed = images.copy()
    changed[:, 30, 30] += 1.0
    moved = np.abs(np.array(critic(changed, weights)) - np.array(critic(images, weights)))[0, :, :, 0] > 0
    # The patch of score i covers the pixels 8 i - 7 to 8 i + 14.
    expected = np.array([8 * i - 7 <= 30 <= 8 * i + 14 for i in range(8)])
    np.testing.assert_array_equal(moved, expected[:, None] & expected)


def test_the_style_adds_the_product_of_features_and_embedding(critic):
    images = np.repeat(pictures(1, 32, 40), 2, axis=0)
    weights = np.array([[0, 0.25, 0.75], [0, 0, 0]], "float32")
    x = images
    for convolution in critic.convolutions:
        x = keras.ops.leaky_relu(convolution(x), 0.2)
    embedding = weights[0] @ np.array(critic.embedding.kernel)
    styled, plain = np.array(critic(images, weights))
    np.testing.assert_allclose(styled - plain, (np.array(x[0]) * embedding).mean(-1, keepdims=True), atol=1e-5)
    np.testing.assert_allclose(plain, np.array(x[1]) @ np.array(critic.score.kernel), atol=1e-5)
    assert np.abs(styled - plain).mean() > 1e-3


@pytest.mark.parametrize("name", ["filters", "num_layers"])
def test_wrong_arguments_are_named(name):
    with pytest.raises(ValueError, match=f"`{name}` must be positive. Received: {name}=0"):
        PatchCritic(**{"num_styles": 2, name: 0})
