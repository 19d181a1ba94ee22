"""Adversarial objectives against the oracles of TF-GAN's tests and values computed by hand."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_stylegan.losses import ADVERSARIAL_LOSSES, adversarial_loss

REAL = np.array([-5.0, 1.4, 12.5, 2.7], "float32")
FAKE = np.array([10.0, 4.4, -5.5, 3.6], "float32")

# name: (mean loss of the discriminator, of the generator). TF-GAN's losses_impl_test.py; relativistic computed apart.
ORACLES = {
    "minimax": (5.83387, -4.51082),
    "non_saturating": (5.83387, 1.38582),
    "least_squares": (41.73375, 17.69625),
    "wasserstein": (0.225, -3.125),
    "hinge": (6.75, -3.125),
    "relativistic": (4.82244, 4.59744),
}


def evaluate(name, real, fake):
    pair = adversarial_loss(name)
    return [ops.convert_to_numpy(loss(real, fake)) for loss in (pair.discriminator, pair.generator)]


def test_every_pair_has_an_oracle():
    assert set(ADVERSARIAL_LOSSES) == {*ORACLES, "relativistic_average"}


@pytest.mark.parametrize("name", ORACLES)
def test_oracle(name):
    losses = evaluate(name, REAL, FAKE)
    np.testing.assert_allclose([loss.mean() for loss in losses], ORACLES[name], atol=1e-5)


def test_oracle_of_relativistic_average():
    losses = evaluate("relativistic_average", np.array([-2.0, 0.4, 12.5, 2.7], "float32"), FAKE)
    np.testing.assert_allclose([loss.mean() for loss in losses], (4.39011, 4.94011), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "discriminator", "generator"),
    [
        ("minimax", 2 * np.log(2), -np.log(2)),
        ("non_saturating", 2 * np.log(2), np.log(2)),
        ("least_squares", 0.5, 0.5),
        ("wasserstein", 0.0, 0.0),
        ("hinge", 2.0, 0.0),
        ("relativistic", np.log(2), np.log(2)),
        ("relativistic_average", 2 * np.log(2), 2 * np.log(2)),
    ],
)
def test_undecided_discriminator(name, discriminator, generator):
    zeros = np.zeros(3, "float32")
    losses = evaluate(name, zeros, zeros)
    np.testing.assert_allclose(losses, [[discriminator] * 3, [generator] * 3], atol=1e-6)


@pytest.mark.parametrize("name", sorted(ADVERSARIAL_LOSSES))
class TestEveryPair:
    def test_one_value_per_image_for_every_form_of_logits(self, name):
        flat = evaluate(name, REAL, FAKE)
        for shape in [(4, 1), (4, 1, 1, 1)]:
            for loss, expected in zip(evaluate(name, REAL.reshape(shape), FAKE.reshape(shape)), flat, strict=True):
                assert loss.shape == (4,) and loss.dtype == "float32"
                np.testing.assert_allclose(loss, expected, rtol=1e-6)

    def test_patches_are_averaged(self, name):
        # Where all patches of an image have its logit, the mean over patches is the loss of the logit.
        maps = [np.broadcast_to(x[:, None, None, None], (4, 2, 3, 1)) for x in (REAL, FAKE)]
        np.testing.assert_allclose(evaluate(name, *maps), evaluate(name, REAL, FAKE), rtol=1e-5)

    def test_extreme_logits_stay_finite(self, name):
        extreme = np.array([1e4, -1e4, 1e4, -1e4], "float32")
        assert np.isfinite(evaluate(name, extreme, -extreme)).all()
        assert np.isfinite(evaluate(name, -extreme, extreme)).all()

    @pytest.mark.parametrize(("dtype", "expected"), [("bfloat16", "float32"), ("float64", "float64")])
    def test_dtype(self, name, dtype, expected):
        pair = adversarial_loss(name)
        real, fake = (ops.cast(x, dtype) for x in (REAL, FAKE))
        for loss in (pair.discriminator(real, fake), pair.generator(real, fake)):
            assert keras.backend.standardize_dtype(loss.dtype) == expected

    def test_signs(self, name):
        """The discriminator wants reals above fakes; the generator wants fakes high."""
        high, low = np.full(2, 2.0, "float32"), np.full(2, -2.0, "float32")
        right, wrong = evaluate(name, high, low), evaluate(name, low, high)
        assert (right[0] < wrong[0]).all()
        assert (right[1] > wrong[1]).all()

    def test_generator_needs_real_logits_only_if_relativistic(self, name):
        pair = adversarial_loss(name)
        if pair.relativistic:
            with pytest.raises(ValueError, match=r"`real_logits` must be given.*Received: real_logits=None"):
                pair.generator(None, FAKE)
        else:
            assert pair.generator(None, FAKE).shape == (4,)


def test_mean_over_patches_is_taken_of_losses_and_not_of_logits():
    # Patches 1 and -1: (1 - 1)^2 / 2 and (-1 - 1)^2 / 2 have the mean 1, while the loss of the mean logit 0 is 0.5.
    patches, zeros = np.array([[[[1.0], [-1.0]]]], "float32"), np.zeros((1, 1, 2, 1), "float32")
    np.testing.assert_allclose(evaluate("least_squares", patches, zeros)[0], [1.0])


def test_unknown_name_lists_the_valid_ones():
    with pytest.raises(ValueError, match=r"`name` must be one of \['hinge', .*'wasserstein'\].*Received: name='gan'"):
        adversarial_loss("gan")
