"""Signs of collapse and saturation: their values by hand, and on a GAN that is made to collapse."""

import io

import keras
import numpy as np
import pytest
from keras import ops
from rich.console import Console
from toy_gan import LATENT, SIZE, ToyGAN, batches

from keras_stylegan.callbacks import Clock, EventFile, Health, MetricsLog, TensorBoardScalars, read_metrics
from keras_stylegan.callbacks.health import pairwise_distance, tone_correlation


def quiet():
    return Console(file=io.StringIO(), width=400)


def test_pairwise_distance_by_hand():
    images = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 4.0]]).reshape(3, 1, 2, 1)
    # Squared differences per pixel pair: (4 + 0) / 2, (0 + 16) / 2, (4 + 16) / 2.
    assert pairwise_distance(images) == pytest.approx(np.sqrt((2 + 8 + 10) / 3))
    with pytest.raises(ValueError, match="`images` must be at least two"):
        pairwise_distance(images[:1])


def looked_at(generated, outputs=None, **options):
    real = np.array([-1.0, 1.0], "float32").reshape(2, 1, 1, 1)
    critic = None if outputs is None else lambda images: np.asarray(outputs.pop(0))
    health = Health(Clock(4), lambda: np.asarray(generated), real, critic, 4, console=quiet(), **options)
    return health, health.look()


def test_signs_by_hand():
    half = np.array([-0.5, 0.5], "float32").reshape(2, 1, 1, 1)
    health, signs = looked_at(half, [[3.0, -1.0, 2.0, 5.0], [-1.0, -2.0]])
    assert signs == pytest.approx({"health/diversity": 0.5, "health/real_sign": 0.5, "health/fake_sign": -1.0})
    assert health.warnings == []


def test_warnings_are_words_and_come_once():
    same = np.zeros((2, 1, 1, 1), "float32")
    health, signs = looked_at(same, [[1.0], [-1.0], [1.0], [-1.0]])
    assert signs["health/diversity"] == 0
    collapse, sure = health.warnings
    assert "mode collapse: the generator paints nearly the same image" in collapse
    assert "the critic is sure of every image" in sure and "warning at 0 kimg" in sure
    health.look()
    assert len(health.warnings) == 2


def test_tone_correlation_by_hand():
    ramp = np.array([0.0, 1.0, 2.0, 3.0]).reshape(1, 2, 2, 1)
    swapped = np.array([0.0, 1.0, 3.0, 2.0]).reshape(1, 2, 2, 1)
    assert tone_correlation(ramp, 5 * ramp - 2) == pytest.approx(1)
    assert tone_correlation(ramp, -ramp) == pytest.approx(-1)
    assert tone_correlation(ramp, swapped) == pytest.approx(0.8)
    assert tone_correlation(np.concatenate([ramp, ramp]), np.concatenate([ramp, 0 * ramp])) == pytest.approx(0.5)
    # Of colours the luma: 0.587 of green against 0.299 of red and 0.114 of blue.
    red, green = np.eye(3)[:2].reshape(2, 1, 1, 1, 3) * ramp
    assert tone_correlation(ramp, green - red) == pytest.approx(1)
    assert tone_correlation(ramp, red - green) == pytest.approx(-1)


def test_an_inverting_translator_is_told_by_its_direction():
    rng = np.random.default_rng(0)
    inputs = rng.uniform(-1, 1, (3, 4, 4, 3)).astype("float32")
    outputs = [inputs, -inputs, -inputs, np.zeros_like(inputs)]
    health = Health(Clock(1), lambda: outputs.pop(0), inputs, console=quiet(), inputs=inputs, name="a_to_b")
    assert health.look() == pytest.approx({"health/a_to_b/diversity": 1, "health/a_to_b/tone": 1})
    assert health.warnings == []
    assert health.look()["health/a_to_b/tone"] == pytest.approx(-1)
    health.look()
    (inversion,) = health.warnings
    assert "warning at 0 kimg: a_to_b: inversion: the translator makes negatives" in inversion
    health.look()
    assert "a_to_b: mode collapse" in health.warnings[1] and len(health.warnings) == 2


def test_gradients_that_vanish_or_explode():
    varied = np.array([-1.0, 1.0], "float32").reshape(2, 1, 1, 1)
    health, _ = looked_at(varied)
    for norm in (1.0, 3.0, 2.0, 1e-4, 2.0, 1e4):
        logs = {"g/gradient_norm": norm, "g/loss": 1.0}
        health.clock.images_seen += 4
        health.on_train_batch_end(0, logs)
    assert logs["health/g_gradient"] == pytest.approx(1e4 / 2)
    assert [warning.split("gradient of ")[1].split(":")[0] for warning in health.warnings] == [
        "g vanishes",
        "g explodes",
    ]


def test_equal_real_images_are_refused():
    with pytest.raises(ValueError, match="`real` must hold different images"):
        Health(Clock(1), lambda: None, np.zeros((2, 1, 1, 1)))


def test_looking_takes_no_random_numbers_from_training():
    gan = ToyGAN()

    def drawn(count):
        return keras.random.normal((count, SIZE), seed=gan.seed_generator)

    state = np.array(gan.seed_generator.state)
    drawn(1)
    begun = np.array(gan.seed_generator.state)
    assert (begun != state).any()
    Health(Clock(4), lambda: drawn(3), batches(1)[0]["images"], lambda _: drawn(2), console=quiet()).look()
    np.testing.assert_array_equal(np.array(gan.seed_generator.state), begun)


class Collapsing(ToyGAN):
    """The generator is paid for being near one point only, so that it forgets its input."""

    def lose_generator(self, batch):
        fakes = self.generator(batch["latents"], training=True)
        return {"collapse": ops.mean(ops.square(fakes - 3.0), axis=-1)}


def test_a_gan_made_to_collapse_is_noticed(tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    gan = Collapsing()
    gan.compile({"discriminator": keras.optimizers.Adam(0.05), "generator": keras.optimizers.Adam(0.05)})
    latents = np.random.default_rng(0).normal(size=(16, LATENT)).astype("float32")
    real = batches(1, batch=16)[0]["images"]
    clock = Clock(8)
    health = Health(clock, lambda: gan.generator(latents), real, gan.discriminator, 160, console=quiet())
    logs = MetricsLog(clock, tmp_path / "metrics.jsonl", 160)
    board = TensorBoardScalars(clock, EventFile(tmp_path), 160)
    listed = keras.callbacks.CallbackList([clock, health, logs, board], model=gan)
    step = gan.make_step()
    listed.on_train_begin()
    for index in range(200):
        listed.on_train_batch_end(index, step({"images": batches(1)[0]["images"]}))
    listed.on_train_end()
    diversity = [line["health/diversity"] for line in read_metrics(tmp_path / "metrics.jsonl")]
    assert diversity[0] > 0.15 and diversity[-1] < 0.1
    collapse = [warning for warning in health.warnings if "mode collapse" in warning]
    assert len(collapse) == 1
    assert health.console.file.getvalue().count("mode collapse") == 1
    events = accumulator.EventAccumulator(str(tmp_path))
    events.Reload()
    assert events.Scalars("health/diversity")[-1].value == pytest.approx(diversity[-1])
    assert {"health/real_sign", "health/fake_sign", "health/generator_gradient"} <= set(events.Tags()["scalars"])
    assert SIZE == real.shape[1]
