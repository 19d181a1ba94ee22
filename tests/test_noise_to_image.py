"""The common GAN: what each of its options changes, and pictures by seed."""

import keras
import numpy as np
import pytest
from toy_images import LATENT, SIZE, batch, gan, networks, values

from keras_stylegan import from_preset
from keras_stylegan.losses import rotate, rotation_loss
from keras_stylegan.models import CosineSchedule, NoiseToImage
from keras_stylegan.models.sampling import generate
from keras_stylegan.networks import DCGANCritic, DCGANGenerator
from keras_stylegan.ops.gradients import input_gradient


def squared_norm(critic):
    return float((values(critic)[0] ** 2).sum())


# Critic updates


def test_critic_updates_are_five_to_one():
    model = gan(loss="wasserstein", critic_steps=5)
    step = model.make_step()
    for _ in range(2):
        step(batch(10))
    assert [int(model.optimizers[name].iterations) for name in ("critic", "generator")] == [10, 2]


def test_weights_reach_the_clipping_bound_and_stay_within():
    model = gan(loss="wasserstein", weight_limit=0.01)
    step = model.make_step()
    for _ in range(2):
        step(batch())
    weights = np.concatenate([value.ravel() for value in values(model.critic)])
    assert np.abs(weights).max() == np.float32(0.01) and (np.abs(weights) == np.float32(0.01)).sum() > 10
    assert max(np.abs(value).max() for value in values(model.generator)) > 0.01


# Penalties, against a critic whose gradient is known


@pytest.mark.parametrize("every", [1, 3])
def test_penalties_are_those_of_the_formulas(every):
    model = gan(True, penalties={"r1": 3.0, "r2": 5.0, "gradient_penalty": 7.0, "drift": 0.5}, penalty_every=every)
    norm, logits = squared_norm(model.critic), np.array(model.critic(batch()["images"]))
    logs = model.make_step()(batch())
    assert logs["critic/r1"] == pytest.approx(1.5 * norm, rel=1e-5)
    assert logs["critic/r2"] == pytest.approx(2.5 * norm, rel=1e-5)
    assert logs["critic/gradient_penalty"] == pytest.approx(7 * (norm**0.5 - 1) ** 2, rel=1e-4)
    assert logs["critic/drift"] == pytest.approx(0.5 * (logits**2).mean(), rel=1e-5)


@pytest.mark.parametrize("every", [1, 3])
def test_each_penalty_is_taken_at_its_own_pictures(every):
    penalties = {"r1": 3.0, "r2": 5.0, "gradient_penalty": 7.0}
    model = gan(compiled=False, penalties=penalties, penalty_every=every)
    mix, latents = (
        np.float32([0.1, 0.4, 0.6, 0.9]).reshape(4, 1, 1, 1),
        np.random.default_rng(1).normal(size=(4, LATENT)),
    )
    given = batch(mix=mix, latents=latents.astype("float32"))

    def terms(given):
        lazy = {regularizer.name: regularizer.loss(given) for regularizer in model.players()[0].regularizers}
        return {name: np.array(value) for name, value in (model.critic_terms(given) | lazy).items()}

    def squared_slopes(images):
        _, slopes = input_gradient(model.critic, images)
        return (np.array(slopes) ** 2).sum(axis=(1, 2, 3))

    real, fake, found = given["images"], np.array(model.imagine(given)), terms(given)
    np.testing.assert_allclose(found["r1"], 1.5 * squared_slopes(real), rtol=1e-4)
    np.testing.assert_allclose(found["r2"], 2.5 * squared_slopes(fake), rtol=1e-4)
    slopes = np.sqrt(squared_slopes(mix * real + (1 - mix) * fake))
    np.testing.assert_allclose(found["gradient_penalty"], 7 * (slopes - 1) ** 2, rtol=1e-4)
    np.testing.assert_array_equal(terms({**given, "images": -0.5 * real})["r2"], found["r2"])


def test_wgan_gp_penalises_evenly_drawn_points_of_a_critic_without_batch_norm():
    model = from_preset("wgan_gp", "size=8,8", "filters=4", "max_filters=8", "latent_dim=5")
    assert not [layer for layer in model.critic._flatten_layers() if "Normalization" in type(layer).__name__]
    assert [layer for layer in model.generator._flatten_layers() if "Normalization" in type(layer).__name__]
    mix = np.array(model.draw({"images": np.zeros((4000, 8, 8, 3), "float32")})["mix"])
    assert mix.shape == (4000, 1, 1, 1) and mix.min() >= 0 and mix.max() < 1
    np.testing.assert_allclose(np.histogram(mix, 5, (0, 1))[0] / 4000, 0.2, atol=0.03)


def test_lazy_penalties_weigh_the_same():
    """One R1 update in three, three times as strong: of the first, only the penalty's share differs."""
    moves = {}
    for every, gamma in ((1, 0.0), (1, 2.0), (3, 2.0)):
        model = gan(True, penalties={"r1": gamma}, penalty_every=every)
        model.critic.set_weights([np.full((192, 1), 0.01, "float32")])
        start = values(model.critic)[0]
        model.make_step()(batch(latents=np.ones((4, LATENT), "float32")))
        moves[every, gamma] = values(model.critic)[0] - start
    # Of R1 with gamma 2 the gradient is 2 w; the rate is 0.1.
    np.testing.assert_allclose(moves[1, 2.0] - moves[1, 0.0], -0.1 * 2 * start, rtol=1e-3)
    np.testing.assert_allclose(moves[3, 2.0] - moves[1, 0.0], -0.1 * 3 * 2 * start, rtol=1e-3)


def test_a_scheduled_weight_follows_the_images_seen():
    model = gan(True, penalties={"r1": CosineSchedule(4.0, 2.0, kimg=0.008)})
    step, weights = model.make_step(), []
    for _ in range(4):
        norm = squared_norm(model.critic)
        weights.append(step(batch())["critic/r1"] * 2 / norm)
    np.testing.assert_allclose(weights, [4.0, 3.0, 2.0, 2.0], rtol=1e-4)


def test_both_sides_of_a_relativistic_pair_see_the_other():
    model = gan(True, loss="relativistic")
    given = batch(latents=np.ones((4, LATENT), "float32"))
    fake = model.imagine({"latents": given["latents"]})
    margin = np.array(model.critic(fake) - model.critic(given["images"]))[:, 0]
    terms = model.critic_terms(given), model.generator_terms(given)
    np.testing.assert_allclose(terms[0]["adversarial"], np.log1p(np.exp(margin)), rtol=1e-4)
    np.testing.assert_allclose(terms[1]["adversarial"], np.log1p(np.exp(-margin)), rtol=1e-4)


def test_everything_the_critic_sees_is_augmented_and_r1_is_taken_before():
    class Doubled(keras.layers.Layer):
        def call(self, images, training=False):
            return 2.0 * images

    plain, doubled = gan(True, penalties={"r1": 2.0}), gan(True, penalties={"r1": 2.0}, augment=Doubled())
    doubled.critic.set_weights(plain.critic.get_weights())
    doubled.generator.set_weights(plain.generator.get_weights())
    np.testing.assert_allclose(doubled.score(batch()["images"], None), 2 * plain.score(batch()["images"], None), 1e-5)
    given = batch(latents=np.ones((4, LATENT), "float32"))
    ours, theirs = doubled.critic_terms(given), plain.critic_terms(given)
    np.testing.assert_allclose(ours["r1"], 4 * np.array(theirs["r1"]), rtol=1e-5)
    ours, theirs = doubled.generator_terms(given), plain.generator_terms(given)
    assert np.abs(np.array(ours["adversarial"] - theirs["adversarial"])).min() > 1e-5


# Transfer, self-supervision, classes


def test_frozen_blocks_do_not_move():
    generator = DCGANGenerator((16, 16), latent_dim=LATENT, filters=4)
    critic = DCGANCritic((16, 16), filters=4, normalization="none")
    generator.build()
    critic.build()
    model = NoiseToImage(generator, critic, frozen_blocks=1)
    model.compile({name: keras.optimizers.SGD(0.1) for name in ("critic", "generator")})
    before = critic.get_weights()
    model.make_step()({"images": np.ones((2, 16, 16, 3), "float32")})
    moved = [not np.array_equal(a, b) for a, b in zip(before, critic.get_weights(), strict=True)]
    assert moved == [False, False, True, True, True, True]
    assert not model.players()[0].buffers  # frozen is not what a pass changes: nothing to save at every update
    generators = {v.path for v in model.players()[1].buffers}
    assert generators and all("moving" in path for path in generators)
    with pytest.raises(ValueError, match="`frozen_blocks` must leave one of the critic's 2 blocks to train. Received"):
        NoiseToImage(generator, critic, frozen_blocks=2)


def test_rotations_are_quarter_turns():
    image = np.random.default_rng(0).normal(size=(4, 4, 3)).astype("float32")
    rotated = np.array(rotate(np.stack([image] * 4), np.arange(4)))
    for turns in range(4):
        np.testing.assert_array_equal(rotated[turns], np.rot90(image, turns))
    logits = np.array([[0.0, 3.0, 0.0, 0.0]], "float32")
    np.testing.assert_allclose(rotation_loss(logits, np.array([1])), [np.log(np.exp(3) + 3) - 3], rtol=1e-5)


def test_the_rotation_head_learns_with_the_critic_and_teaches_the_generator():
    model = gan(rotation_weights=(1.0, 0.5))
    given = batch(turns=np.arange(4), latents=np.ones((4, LATENT), "float32"))
    # The critic's guess of real pictures, the generator's of its own.
    terms = model.critic_terms(given), model.generator_terms(given)
    for term, weight, images in zip(terms, (1.0, 0.5), (given["images"], model.imagine(given)), strict=True):
        features = model.critic.features(rotate(images, given["turns"]), None, training=True)
        expected = weight * np.array(rotation_loss(model.rotation_head(features), given["turns"]))
        np.testing.assert_allclose(np.array(term["rotation"]), expected, rtol=1e-4)
    head = values(model.rotation_head)
    logs = model.make_step()(given)
    assert logs["critic/rotation"] == pytest.approx(np.log(4), rel=0.5)
    assert logs["generator/rotation"] == pytest.approx(0.5 * np.log(4), rel=0.5)
    assert np.abs(values(model.rotation_head)[0] - head[0]).max() > 0


def test_a_class_steers_generator_and_critic():
    model = gan(critic_options={"num_classes": 3}.items())
    given = batch(labels=np.array([0, 1, 2, 0]), latents=np.ones((4, LATENT), "float32"))
    fake = np.array(model.imagine(given))
    np.testing.assert_array_equal(fake[0], fake[3])
    assert np.abs(fake[0] - fake[1]).max() > 1e-4
    assert np.isfinite(model.make_step()(given)["critic/loss"])


# Pictures


def test_a_seed_decides_its_picture_alone():
    model = gan(critic_options={"num_classes": 2}.items())
    pictures = model.generate([3, 1, 3, 5], [0, 1, 1, 0], batch_size=3)
    assert pictures.shape == (4, *SIZE, 3) and pictures.dtype == np.uint8
    np.testing.assert_array_equal(model.generate([5], [0]), pictures[3:])
    assert (pictures[0] != pictures[2]).any()


def test_generation_is_told_what_is_wrong():
    generator, _ = networks(num_classes=2)
    for labels in (None, [0], [0, 2], [0, -1]):
        with pytest.raises(ValueError, match="`labels` must be 2 classes from 0 to 1. Received"):
            generate(generator, [0, 1], labels)
    with pytest.raises(ValueError, match="`seeds` must be integers from 0 on, at least one. Received"):
        generate(generator, [-1], [0])
    with pytest.raises(ValueError, match="`labels` must be None: the generator has no classes"):
        generate(networks()[0], [0], [0])


def test_the_average_generates_and_predicts():
    model = gan()
    model.compile({n: keras.optimizers.SGD(0.1) for n in ("critic", "generator")}, ema={"half_life_kimg": 1.0})
    model.fit(batch(), batch_size=4, verbose=0)
    latents = np.ones((2, LATENT), "float32")
    np.testing.assert_allclose(model.predict(latents, verbose=0), model.ema(latents), atol=1e-5)
    assert np.abs(np.array(model.ema(latents) - model.generator(latents))).max() > 1e-6


def test_whole_model_saves_and_loads(tmp_path):
    options = {"penalties": {"r1": CosineSchedule(2.0, 1.0, 5.0), "drift": 0.1}, "rotation_weights": (1.0, 0.5)}
    model = gan(loss="hinge", critic_steps=2, weight_limit=0.5, **options)
    model.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras")
    assert loaded.get_config() == model.get_config()
    assert loaded.penalties["r1"].start == 2.0
    np.testing.assert_array_equal(loaded.generate([0, 1]), model.generate([0, 1]))
    images = batch()["images"]
    np.testing.assert_allclose(loaded.critic(images), model.critic(images), atol=1e-6)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"penalties": {"r3": 1.0}}, "`penalties` must be among r1, r2, gradient_penalty, drift. Received: r3"),
        ({"penalty_every": 0}, "`penalty_every` must be at least 1. Received: penalty_every=0"),
        ({"loss": "gan"}, "`name` must be one of"),
        ({"rotation_weights": (1.0,)}, r"`rotation_weights` must be \(critic's, generator's\), for square pictures"),
    ],
)
def test_wrong_arguments_are_told(options, message):
    with pytest.raises(ValueError, match=message):
        NoiseToImage(*networks(), **options)


def test_a_preset_becomes_a_model():
    model = from_preset("sngan", "size=8,8", "filters=4", "max_filters=4", "latent_dim=5", "critic_steps=2")
    assert (model.loss_name, model.critic_steps, model.critic.normalization) == ("hinge", 2, "spectral")
    assert model.generate([0]).shape == (1, 8, 8, 3)
    classy = from_preset("dcgan", "size=8,8", "filters=4", "conditioning=embedding", num_classes=3)
    assert classy.critic.conditioning == "embedding" and classy.generator.num_classes == 3
    with pytest.raises(ValueError, match="`network` must be one of dcgan"):
        from_preset("dcgan", "network=unet")
    with pytest.raises(ValueError, match="`name` must be the preset of a GAN: cyclegan, .* name=multistyle"):
        from_preset("multistyle")
