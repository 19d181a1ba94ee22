"""The critic of fine detail: what a score sees, and how soon."""

import keras
import numpy as np
import pytest

from keras_stylegan.networks import TextureCritic


def filled(num_halvings):
    """A linear critic, of positive kernels: what comes in at a pixel is not lost on the way."""
    critic = TextureCritic(4, num_halvings)
    critic.build()
    for weight in critic.weights:
        weight.assign(np.full(weight.shape, 0.1) if weight.name == "kernel" else np.zeros(weight.shape))
    return critic


@pytest.mark.parametrize("num_halvings, width", [(1, 6), (2, 16), (3, 36)])
def test_a_score_sees_a_patch_of_known_width(num_halvings, width):
    critic, images = filled(num_halvings), np.zeros((1, 96, 96, 3), "float32")
    seen = []
    for column in range(96):
        images[:, 48, column] = 1
        seen.append(np.array(critic(images))[0, 48 >> num_halvings, 48 >> num_halvings, 0] != 0)
        images[:, 48, column] = 0
    assert sum(seen) == width


def test_pixels_are_looked_at_before_the_picture_is_halved():
    """The first features of a shifted picture are the shifted features: a stride would answer for even shifts alone."""
    keras.utils.set_random_seed(0)
    critic = TextureCritic(4)
    critic.build()
    image = np.random.default_rng(0).uniform(-1, 1, (1, 24, 24, 3)).astype("float32")
    first, shifted = (np.array(critic.convolutions[0](x)) for x in (image, np.roll(image, 1, axis=2)))
    np.testing.assert_allclose(shifted[:, :, 2:-1], first[:, :, 1:-2], atol=1e-6)


def test_every_pixel_is_seen_as_often_as_its_neighbour():
    images = keras.Variable(np.ones((1, 96, 96, 3), "float32"))
    critic = filled(3)
    score = float(np.sum(critic(images)))
    shares = []
    for column in range(40, 56):
        changed = np.ones((1, 96, 96, 3), "float32")
        changed[:, 48, column] += 1
        shares.append(float(np.sum(critic(changed))) - score)
    np.testing.assert_allclose(shares, shares[0], rtol=1e-2)


@pytest.mark.parametrize("name", ["filters", "num_halvings"])
def test_wrong_arguments_are_named(name):
    with pytest.raises(ValueError, match=f"`{name}` must be positive. Received: {name}=0"):
        TextureCritic(**{name: 0})
