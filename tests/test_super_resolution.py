"""Super-resolution: starts at bicubic, its terms are what they say, learns."""

import keras
import numpy as np
import pytest
from toy_super_resolution import batch, photograph, tiny_critic, tiny_network

from keras_stylegan import data
from keras_stylegan.metrics import ycbcr_luma
from keras_stylegan.models import CosineSchedule, SuperResolution
from keras_stylegan.networks import PerceptualNetwork, SuperResolutionNetwork
from keras_stylegan.ops.bicubic import upsample_bicubic

RNG = np.random.default_rng(0)


# The network


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
    assert rows.min() // 4 == 12 - 7 == 12 - network.reach


def test_no_lattice_is_painted():
    """A pattern in each enlarged pixel is taken out where it repeats; its mean and what stands alone remain."""
    network, pattern = SuperResolutionNetwork(4, filters=4, num_blocks=1), RNG.uniform(-1, 1, (16, 3))
    detail = np.tile(pattern.reshape(48), (1, 9, 9, 1)).astype("float32")
    left = np.asarray(network._without_lattice(detail)).reshape(9, 9, 16, 3)
    np.testing.assert_allclose(left, np.broadcast_to(pattern.mean(0), left.shape), atol=1e-6)
    alone = np.zeros_like(detail)
    alone[0, 4, 4] = pattern.reshape(48)
    left = np.asarray(network._without_lattice(alone)).reshape(9, 9, 16, 3)
    np.testing.assert_allclose(left[4, 4], pattern - (pattern - pattern.mean(0)) / 25, atol=1e-6)
    np.testing.assert_allclose(left[4, 2], -(pattern - pattern.mean(0)) / 25, atol=1e-6)
    np.testing.assert_array_equal(left[4, 1], 0)


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


def test_a_new_critic_is_heard_little_by_little():
    network, critic, fed = tiny_network(), Brightness(), batch()
    model = SuperResolution(network, critic=critic, critic_weight=CosineSchedule(0.0, 0.5, 1.0), penalty_weight=0.0)
    model.compile({name: keras.optimizers.SGD(0.1) for name in ("critic", "generator")}, run_eagerly=True)
    whole = np.asarray(SuperResolution(network, critic=critic, critic_weight=0.5).generator_terms(fed)["adversarial"])
    for images, share in ((0, 0), (500, 0.5), (750, 0.853553), (1000, 1), (3000, 1)):
        model.images_seen.assign(images)
        np.testing.assert_allclose(model.generator_terms(fed)["adversarial"], share * whole, rtol=1e-4, atol=1e-7)


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
    critic = tiny_critic()
    weight = CosineSchedule(0.0, 0.2, 4.0)
    model = SuperResolution(tiny_network(), critic=critic, critic_weight=weight, loss="hinge", penalty_every=3)
    small = batch()["small"]
    model(small)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(small), model(small))
    assert (loaded.loss_name, loaded.penalty_every) == ("hinge", 3)
    assert (loaded.critic_weight.end, loaded.critic_weight.kimg) == (0.2, 4.0)
    np.testing.assert_array_equal(loaded.critic(batch()["images"]), critic(batch()["images"]))


def test_pixels_alone_learn_to_beat_bicubic_interpolation():
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
