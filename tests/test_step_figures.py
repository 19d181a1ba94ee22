"""What a step of the toy game logs and averages, by hand; eagerly."""

import keras
import numpy as np
import pytest
from toy_gan import BATCH, ToyGAN, batches

PLAYERS = ("discriminator", "generator")


def compiled(rates=(0.2, 0.2), ema=None, **options):
    gan = ToyGAN(**options)
    gan.compile({name: keras.optimizers.SGD(rate) for name, rate in zip(PLAYERS, rates, strict=True)}, ema=ema)
    return gan


def stepped(gan, batch):
    return {name: float(value) for name, value in gan.update_step(batch).items()}


def test_the_first_average_is_the_network_after_the_step():
    """No image was seen before it, so that a half-life that grows with them is still 0."""
    gan = compiled(ema={"ramp_up": 10.0})
    before = gan.ema.get_weights()
    stepped(gan, batches(1)[0])
    for old, average, value in zip(before, gan.ema.get_weights(), gan.generator.get_weights(), strict=True):
        np.testing.assert_allclose(average, value, atol=1e-6)
        assert np.abs(value - old).max() > 1e-4


def test_what_is_logged_of_several_updates_is_their_mean():
    gan = compiled(rates=(0.0, 0.2), steps=2)  # every update sees the same weights
    (batch,), parts = batches(1), []
    for part in range(2):
        alone = compiled(rates=(0.0, 0.2))
        parts.append(stepped(alone, {name: values[part::2] for name, values in batch.items()}))
    real, fake = (np.array(gan.discriminator(x)) for x in (batch["images"], gan.generator(batch["latents"])))
    logs = stepped(gan, batch)
    expected = np.mean(np.log1p(np.exp(-real)) + np.log1p(np.exp(fake)))
    assert logs["discriminator/adversarial"] == pytest.approx(expected, rel=1e-5)
    for name in ("adversarial", "r1", "loss", "gradient_norm"):
        first, second = (logged[f"discriminator/{name}"] for logged in parts)
        assert logs[f"discriminator/{name}"] == pytest.approx((first + second) / 2, rel=1e-5)
        assert abs(first - second) > 1e-4
    assert logs["images_seen"] == BATCH


def test_a_penalty_that_was_not_finite_is_not_logged_again():
    gan, good = compiled(every=2), batches(4)
    bad = {**good[2], "images": good[2]["images"] * np.float32(np.nan)}
    logged = [stepped(gan, batch)["discriminator/r1"] for batch in (good[0], good[1], bad, good[3])]
    assert np.isfinite(logged[0]) and np.isnan(logged[2])
    assert logged[0] == logged[1] == logged[3]
