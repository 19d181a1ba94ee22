"""Pix2Pix and CycleGAN: their loss terms by the formulas, the history of pictures, replicas, files."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops
from toy_training import train_on
from toy_translation import SIZE, batch, compiled, critic, cyclegan, pix2pix, translator

from keras_stylegan.models import CycleGAN, LinearDecay, Pix2Pix
from keras_stylegan.models.history import HistoryBuffer
from keras_stylegan.presets import get_preset, with_settings
from keras_stylegan.systems.translation import build_translator, compile_translation


def mean(values):
    return np.array(values).mean(axis=(1, 2, 3))


def softplus(values):
    return np.log1p(np.exp(np.array(values, "float64")))


# pix2pix


def test_terms_of_pix2pix_are_those_of_the_paper():
    model, given = pix2pix(adversarial_weight=2.0), batch()
    a, b = given["images_a"], given["images_b"]
    fake = np.array(model.generator(a))
    real_logits, fake_logits = model.critic(b, a), model.critic(fake, a)
    terms = model.critic_terms(given)
    expected = 0.5 * (mean(softplus(-np.array(real_logits))) + mean(softplus(fake_logits)))
    np.testing.assert_allclose(terms["adversarial"], expected, rtol=1e-4)
    terms = model.generator_terms(given)
    np.testing.assert_allclose(terms["adversarial"], 2 * mean(softplus(-np.array(fake_logits))), rtol=1e-4)
    np.testing.assert_allclose(terms["reconstruction"], 100 * mean(np.abs(fake - b)), rtol=1e-4)
    # The critic looks at what the picture was made from.
    assert np.abs(np.array(model.critic(b, a) - model.critic(b, b))).max() > 1e-3


class LinearCritic(keras.Model):
    """A map of two scores whose mean is a linear function of the picture."""

    def __init__(self, weight):
        super().__init__()
        self.weight = self.add_weight(shape=weight.shape, name="weight")
        self.weight.assign(weight)
        self.built = True

    def call(self, images, condition=None, training=False):
        score = ops.sum(images * self.weight, axis=(1, 2, 3))
        return ops.reshape(ops.stack([score - 1.0, score + 1.0], axis=1), (-1, 2, 1, 1))


def test_the_gradient_penalty_is_about_the_mean_over_patches():
    weight = np.random.default_rng(0).normal(0, 0.1, (*SIZE, 3)).astype("float32")
    model = Pix2Pix(translator(), LinearCritic(weight), loss="wasserstein", critic_weight=1.0, penalty_weight=10.0)
    given = batch()
    terms = model.critic_terms(model.draw(dict(given)))
    np.testing.assert_allclose(terms["penalty"], [10 * (np.linalg.norm(weight) - 1) ** 2] * 4, rtol=1e-4)
    fake = np.array(model.generator(given["images_a"]))
    expected = ((fake - given["images_b"]) * weight).sum((1, 2, 3))
    np.testing.assert_allclose(terms["adversarial"], expected, rtol=1e-3, atol=1e-4)


def test_l1_alone_has_one_player_and_learns():
    model = compiled(pix2pix(with_critic=False, reconstruction_weight=1.0), 0.3)
    assert [player.name for player in model.players()] == ["generator"]
    given = batch(2)
    given["images_b"] = -given["images_a"]
    step = model.make_step()
    losses = [step(given)["generator/reconstruction"] for _ in range(30)]
    assert losses[-1] < 0.8 * losses[0]
    with pytest.raises(ValueError, match="`reconstruction_weight` must be positive without a critic. Received"):
        Pix2Pix(translator(), reconstruction_weight=0.0)


# CycleGAN


def test_terms_of_cyclegan_are_those_of_the_paper():
    model, given = cyclegan(history_size=0), batch()
    a, b = given["images_a"], given["images_b"]
    there, back = model.a_to_b, model.b_to_a
    fake_b, fake_a = there(a), back(b)
    terms = model.generator_terms(given)
    # Targets and weights of the paper: (D(G(a)) - 1)^2, 10, 5.
    np.testing.assert_allclose(terms["adversarial_b"], mean((np.array(model.critic_b(fake_b)) - 1) ** 2), rtol=1e-4)
    np.testing.assert_allclose(terms["adversarial_a"], mean((np.array(model.critic_a(fake_a)) - 1) ** 2), rtol=1e-4)
    np.testing.assert_allclose(terms["cycle_a"], 10 * mean(np.abs(np.array(back(fake_b)) - a)), rtol=1e-4)
    np.testing.assert_allclose(terms["cycle_b"], 10 * mean(np.abs(np.array(there(fake_a)) - b)), rtol=1e-4)
    np.testing.assert_allclose(terms["identity_a"], 5 * mean(np.abs(np.array(back(a)) - a)), rtol=1e-4)
    np.testing.assert_allclose(terms["identity_b"], 5 * mean(np.abs(np.array(there(b)) - b)), rtol=1e-4)
    terms = model.critic_terms(given)
    real, fake = np.array(model.critic_a(a)), np.array(model.critic_a(fake_a))
    np.testing.assert_allclose(terms["adversarial_a"], 0.5 * mean((real - 1) ** 2 + fake**2), rtol=1e-4)
    real, fake = np.array(model.critic_b(b)), np.array(model.critic_b(fake_b))
    np.testing.assert_allclose(terms["adversarial_b"], 0.5 * mean((real - 1) ** 2 + fake**2), rtol=1e-4)
    assert "identity_a" not in cyclegan(identity_weight=0.0).generator_terms(given)


def test_critics_see_the_history_and_translators_do_not():
    model = cyclegan(history_size=4)
    given = batch(history=np.zeros((4, 4), "float32"))
    now = model.critic_terms(given)
    np.testing.assert_allclose(vars(model._history)["a"].pictures, model.b_to_a(given["images_b"]), atol=1e-5)
    np.testing.assert_allclose(vars(model._history)["b"].pictures, model.a_to_b(given["images_a"]), atol=1e-5)
    # Every picture is exchanged for that in the first place.
    other = batch(seed=1, history=given["history"])
    later = model.critic_terms(other)
    older = np.array(model.b_to_a(given["images_b"]))[:1]
    real, fake = np.array(model.critic_a(other["images_a"])), np.array(model.critic_a(older))
    expected = 0.5 * (mean((real - 1) ** 2) + mean(fake**2))
    np.testing.assert_allclose(later["adversarial_a"], expected, rtol=1e-3)
    assert np.abs(np.array(now["adversarial_a"] - later["adversarial_a"])).max() > 1e-5


def test_wgan_gp_by_its_settings():
    model = cyclegan(loss="wasserstein", penalty_weight=10.0, adversarial_weight=1.0, critic_steps=2)
    logs = compiled(model).make_step()(batch())
    assert {"critic/penalty_a", "critic/penalty_b"} <= set(logs) and np.isfinite(list(logs.values())).all()
    assert [int(model.optimizers[name].iterations) for name in ("critic", "generator")] == [2, 1]


def test_wrong_arguments_of_cyclegan_are_told():
    networks = translator(), translator(), critic(), critic()
    with pytest.raises(ValueError, match="`history_size` must not be negative. Received: history_size=-1"):
        CycleGAN(*networks, history_size=-1)
    with pytest.raises(ValueError, match="CycleGAN has two generators, `a_to_b` and `b_to_a`, and no `sampler`"):
        compiled(cyclegan(), ema={})


# History


def constant(*values):
    return np.array(values, "float32").reshape(-1, 1, 1, 1)


def exchange(buffer, values, draws):
    passed = buffer.exchange(constant(*values), np.array(draws, "float32"))
    return np.array(passed).ravel().tolist(), np.array(buffer.pictures.value).ravel().tolist()


def test_history_fills_then_exchanges_by_halves():
    buffer = HistoryBuffer(3, (1, 1, 1))
    assert exchange(buffer, [1, 2], [[0, 0], [0, 0]]) == ([1, 2], [1, 2, 0])
    # The first still fills the third place; the second is exchanged for what the first has just left there.
    assert exchange(buffer, [3, 4], [[0, 0], [0.4, 0.99]]) == ([3, 3], [1, 2, 4])
    assert exchange(buffer, [5, 6], [[0.5, 0], [0.49, 0.34]]) == ([5, 2], [1, 6, 4])
    # Two for one place: both get the older, the later stays.
    assert exchange(buffer, [7, 8], [[0, 0], [0, 0.1]]) == ([1, 1], [8, 6, 4])
    assert int(buffer.count) == 3
    exchange(buffer, [np.nan, 9], [[0, 0], [0, 0.5]])
    assert np.array(buffer.pictures.value).ravel().tolist() == [8, 6, 4]
    with pytest.raises(ValueError, match="`capacity` must be positive. Received: capacity=0"):
        HistoryBuffer(0, (1, 1, 1))


# Replicas


@pytest.mark.parametrize("make, count", [(cyclegan, 5), (pix2pix, 4)])
def test_two_replicas_equal_one_device(mirrored, make, count):
    rng = np.random.default_rng(5)
    data = [batch(count, seed, history=rng.uniform(size=(count, 4)).astype("float32")) for seed in range(2)]

    def trained(strategy):
        # The history joins what the replicas pass, in a graph; without one two steps take less than a graph to compile.
        return train_on(strategy, lambda: compiled(make(), 0.05, run_eagerly=make is pix2pix), data)

    (one, logs_of_one), (two, logs_of_two) = trained(tf.distribute.get_strategy()), trained(mirrored)
    assert one.keys() == two.keys() and len(one) >= 20
    for name in one:
        np.testing.assert_allclose(two[name], one[name], rtol=0, atol=2e-5, err_msg=name)
    assert logs_of_two == pytest.approx(logs_of_one, abs=1e-4)
    if make is cyclegan:
        assert int(one["history/a/1"]) == 3 and np.abs(one["history/b/0"]).max(axis=(1, 2, 3)).min() > 0


# Schedules and files


def test_rates_hold_and_then_fall_along_a_line():
    schedule = LinearDecay(2.0, 0.1, 0.2)
    values = [float(schedule(images)) for images in (0, 100, 150, 200, 300, 900)]
    np.testing.assert_allclose(values, [2, 2, 1.5, 1, 0, 0], atol=1e-5)
    assert LinearDecay.from_config(schedule.get_config()).get_config() == schedule.get_config()
    with pytest.raises(ValueError, match="`decay_kimg` must be positive. Received: constant_kimg=1, decay_kimg=0"):
        LinearDecay(1.0, 1, 0)


def test_rates_of_a_preset_fall_with_its_images():
    changes = ["kimg=0.2", "decay_share=0.5", "batch_size=4", "critic_steps=2", "critic_learning_rate=0.001"]
    model = cyclegan(critic_steps=2)
    compile_translation(model, with_settings(get_preset("cyclegan"), changes))
    for name, rate, updates in (("generator", 2e-4, 1), ("critic", 1e-3, 2)):
        optimizer = model.optimizers[name]
        assert (optimizer.beta_1, optimizer.beta_2) == (0.5, 0.999)
        for images, share in ((0, 1), (100, 1), (152, 0.48), (200, 0), (400, 0)):
            optimizer.iterations.assign(images // 4 * updates)
            assert float(optimizer.learning_rate) == pytest.approx(share * rate, abs=1e-9)


def test_presets_have_the_papers_numbers():
    """Adam 2e-4, batches of one, 256 of 286 pixels, as long at the rate as on the way down to 0."""
    shared = {"learning_rate": 2e-4, "critic_learning_rate": 2e-4, "batch_size": 1, "size": (256, 256), "filters": 64,
              "scale": (0.895, 0.895), "receptive_field": 70, "flip": 1, "penalty_weight": 0.0}  # fmt: skip
    numbers = {
        "pix2pix": {"reconstruction_weight": 100.0, "critic_weight": 0.5, "adversarial_weight": 1.0, "depth": 8,
                    "loss": "non_saturating", "network": "unet", "dropout": 0.5, "upsample": "transposed"},
        # `least_squares` is half of the paper's: lambda means the paper's under a weight of 2.
        "cyclegan": {"cycle_weight": 10.0, "identity_weight": 5.0, "adversarial_weight": 2.0, "critic_weight": 1.0,
                     "loss": "least_squares", "history_size": 50, "network": "resnet", "num_blocks": 9},
    }  # fmt: skip
    for name, expected in numbers.items():
        preset = get_preset(name)
        assert {key: getattr(preset, key) for key in (shared | expected)} == shared | expected
        assert preset.decay_share == 0.5


@pytest.mark.parametrize(
    "make",
    [
        lambda: pix2pix(loss="hinge", reconstruction_weight=7.0, adversarial_weight=2.0, critic_weight=0.3),
        lambda: pix2pix(with_critic=False),
        lambda: cyclegan(cycle_weight=7.0, identity_weight=1.0, penalty_weight=2.0, critic_steps=2),
    ],
    ids=["pix2pix", "l1", "cyclegan"],
)
def test_whole_model_saves_and_loads(make, tmp_path):
    model = make()
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.get_config() == model.get_config()
    images = batch()["images_a"]
    np.testing.assert_allclose(loaded(images), model(images), atol=1e-6)
    for ours, theirs in zip(loaded.weights, model.weights, strict=True):
        np.testing.assert_array_equal(np.array(ours), np.array(theirs))


def test_the_average_translates():
    model = compiled(pix2pix(), 0.1, ema={"half_life_kimg": 1.0})
    given = batch()
    model.fit(given, batch_size=4, verbose=0)
    images = given["images_a"]
    np.testing.assert_allclose(model.predict(images, verbose=0), model.ema(images), atol=1e-5)
    assert np.abs(np.array(model.ema(images) - model.generator(images))).max() > 1e-5


# Presets


def test_a_classifier_may_be_the_encoder():
    settings = ["network=mobilenet", "depth=2", "size=32,40", "filters=4", "backbone_frozen=1"]
    network = build_translator(with_settings(get_preset("pix2pix"), settings))
    assert network(np.zeros((1, 32, 40, 3), "float32")).shape == (1, 32, 40, 3)
    assert network.stride == 4 and not any("trunk" in v.path for v in network.trainable_variables)
    with pytest.raises(FileNotFoundError):
        build_translator(with_settings(get_preset("pix2pix"), [*settings, "backbone_weights=missing.h5"]))
    with pytest.raises(ValueError, match="`backbone_frozen` must be 0 or 1"):
        with_settings(get_preset("pix2pix"), ["backbone_frozen=2"])
