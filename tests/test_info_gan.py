"""InfoGAN: codes come from normal latents, and a code comes to stand for a known factor."""

import math

import keras
import numpy as np
import pytest
from keras import ops

from keras_stylegan.losses import categorical_code_loss, continuous_code_loss
from keras_stylegan.models import InfoGAN
from keras_stylegan.networks import CodedGenerator, DCGANCritic, DCGANGenerator

SIZE, LATENT = (4, 4), 8


def networks(categorical=(2,), continuous=1):
    generator = CodedGenerator(DCGANGenerator(SIZE, 1, LATENT, filters=8), categorical, continuous)
    critic = DCGANCritic(SIZE, 1, filters=8, normalization="none")
    generator.build()
    critic.build()
    return generator, critic


def latents(count, seed=0):
    return np.random.default_rng(seed).normal(size=(count, LATENT)).astype("float32")


def test_losses_by_hand():
    logits, code = np.array([[0.0, np.log(3.0)]], "float32"), np.array([[0.0, 1.0]], "float32")
    np.testing.assert_allclose(categorical_code_loss(logits, code), [-math.log(0.75)], rtol=1e-5)
    expected = 0.5 * (1.5 / 0.5) ** 2 + 0.5 * 4 + 2 * math.log(0.5 * math.sqrt(2 * math.pi))
    found = continuous_code_loss(np.array([[-0.5, 0.0]], "float32"), np.array([[1.0, 1.0]], "float32"))
    np.testing.assert_allclose(found, [expected], rtol=1e-5)


def test_codes_of_normal_latents_are_uniform():
    generator, _ = networks((3, 2), 2)
    codes = np.array(generator.codes(latents(6000)))
    assert codes.shape == (6000, 7) and set(np.unique(codes[:, :5])) == {0.0, 1.0}
    np.testing.assert_array_equal(codes[:, :3].sum(1), 1)
    np.testing.assert_allclose(codes[:, :5].mean(0), [1 / 3] * 3 + [1 / 2] * 2, atol=0.03)
    for code in codes[:, 5:].T:
        np.testing.assert_allclose(np.histogram(code, 4, (-1, 1))[0] / 6000, 0.25, atol=0.03)


def test_given_codes_replace_the_latents_own():
    generator, _ = networks()
    given = latents(4)
    own = np.array(generator.codes(given))
    np.testing.assert_array_equal(np.array(generator(given, codes=own)), np.array(generator(given)))
    row = np.array([[0.0, 1.0, 0.5]], "float32")
    changed = given.copy()
    changed[:, :2], changed[:, 2] = (-1, 1), np.array(ops.erfinv(0.5)) * math.sqrt(2)
    np.testing.assert_allclose(np.array(generator(given, codes=row)), np.array(generator(changed)), atol=1e-5)


def test_latents_are_steered_by_codes():
    generator, _ = networks((3, 2), 2)
    given = latents(50)
    steered = generator.latents_with(given, [2, None, -0.25, 1])
    own, codes = np.array(generator.codes(given)), np.array(generator.codes(steered))
    np.testing.assert_array_equal(codes[:, :3], np.tile([0, 0, 1], (50, 1)))
    np.testing.assert_array_equal(codes[:, 3:5], own[:, 3:5])
    np.testing.assert_allclose(codes[:, 5:], np.tile([-0.25, 1], (50, 1)), atol=1e-6)
    np.testing.assert_array_equal(steered[:, 3:5], given[:, 3:5])
    np.testing.assert_array_equal(steered[:, 7:], given[:, 7:])
    # Categories change places, so that these numbers are normal as before.
    np.testing.assert_array_equal(np.sort(steered[:, :3]), np.sort(given[:, :3]))
    assert np.isfinite(steered).all()
    for codes in ([3, 0, 0, 0], [0.5, 0, 0, 0], [-1, 0, 0, 0], [math.nan, 0, 0, 0]):
        with pytest.raises(ValueError, match="`codes` must have a category from 0 to 2 here. Received"):
            generator.latents_with(given, codes)
    for value in (1.5, math.nan):
        with pytest.raises(ValueError, match="`codes` must have a number from -1 to 1 here. Received"):
            generator.latents_with(given, [0, 0, 0, value])
    with pytest.raises(ValueError, match="`codes` must be 2 categories and 2 numbers from -1 to 1. Received: 1"):
        generator.latents_with(given, [0])


@pytest.mark.parametrize("updates", ["alternating", "simultaneous"])
def test_a_code_comes_to_stand_for_brightness(updates):
    """Half of the pictures are bright, half dark, without labels: the categorical code tells which."""
    keras.utils.set_random_seed(1)
    model = InfoGAN(*networks(), seed=1)
    optimizers = {name: keras.optimizers.Adam(5e-3, beta_1=0.5) for name in ("critic", "generator")}
    model.compile(optimizers, updates=updates)
    step, rng = model.make_step(), np.random.default_rng(0)
    for _ in range(100):
        sides = rng.choice([-0.7, 0.7], (32, 1, 1, 1))
        logs = step({"images": (sides + rng.normal(0, 0.1, (32, *SIZE, 1))).astype("float32")})
    assert logs["generator/code"] < 0.3
    given = latents(64, 5)
    code = np.array(model.generator.codes(given))[:, 0]
    bright = np.array(model.generator(given)).mean((1, 2, 3)) > 0
    agreement = (bright == code).mean()
    assert max(agreement, 1 - agreement) > 0.9
    # What Q reads is what went in.
    read = np.array(model.code_reader(model.generator(given)))
    assert ((read[:, 0] > read[:, 1]) == code).mean() > 0.9


def test_the_whole_model_saves_and_loads(tmp_path):
    model = InfoGAN(*networks(), code_weight=0.7, continuous_weight=0.3)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.get_config() == model.get_config()
    np.testing.assert_array_equal(loaded.generate([1, 2]), model.generate([1, 2]))
    images = np.zeros((1, *SIZE, 1), "float32")
    np.testing.assert_allclose(loaded.code_reader(images), model.code_reader(images), atol=1e-6)


def test_wrong_codes_are_told():
    generator = DCGANGenerator(SIZE, latent_dim=3)
    for categorical, continuous in (((1,), 0), ((), 0), ((2,), -1)):
        with pytest.raises(ValueError, match="`categorical` must be numbers of categories, at least 2 each"):
            CodedGenerator(generator, categorical, continuous)
    with pytest.raises(ValueError, match="`generator` must have no classes and more than 3 latents. Received"):
        CodedGenerator(generator, (2,), 1)
    with pytest.raises(ValueError, match="`generator` must be a CodedGenerator. Received: DCGANGenerator"):
        generator.build()
        InfoGAN(generator, networks()[1])
