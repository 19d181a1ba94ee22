"""The scene pipeline on a tiny StyleGAN2: where it begins, what each term is, what skips restore, who learns."""

import keras
import numpy as np
import pytest
from toy_fusion import stirred
from toy_scene import SHAPE, batch, build, numpy, tiny_generator, tiny_network
from toy_styles import NUM_STYLES

from keras_stylegan.layers import DiffAugment
from keras_stylegan.losses import content_loss, style_loss, style_statistics
from keras_stylegan.models.style_prior import StylePrior
from keras_stylegan.networks import SceneEncoder, SceneNetwork, StyleGAN2Generator


@pytest.fixture(scope="module")
def model():
    return build()


# The network


def test_a_new_encoder_makes_the_mean_picture():
    network = SceneNetwork(SceneEncoder(**SHAPE), tiny_generator(num_classes=2))
    network.build()
    generator = network.generator
    generator.mean_styles.assign(np.random.default_rng(0).normal(size=(2, 5)))
    mean = numpy(generator.mean_styles).mean(axis=0)
    expected = generator.synthesize(np.tile(mean, (1, generator.num_styles, 1)).astype("float32"))
    np.testing.assert_allclose(network(batch()["content"]), np.repeat(expected, 2, axis=0), atol=1e-5)


def test_skips_are_added_to_the_stage_of_their_size():
    generator = tiny_generator()
    styles = np.zeros((1, generator.num_styles, 5), "float32")
    shapes = [(1, stage.height, stage.width, stage.channels) for stage in generator.stages]
    skips = [np.zeros(shape, "float32") for shape in shapes]
    plain = numpy(generator.synthesize(styles))
    np.testing.assert_array_equal(generator.synthesize(styles, skips=skips), plain)
    # The last stage's features go through its 1x1 colours alone, a linear map of them at every pixel.
    skips[-1][0, 3, 5, 2] = 2.0
    to_rgb = generator.blocks[-1][-1]
    change = np.zeros_like(skips[-1])
    change[0, 3, 5, 2] = 2.0
    colours = numpy(to_rgb(change, styles[:, 0])) - numpy(to_rgb(0 * change, styles[:, 0]))
    np.testing.assert_allclose(numpy(generator.synthesize(styles, skips=skips)) - plain, colours, atol=1e-5)
    assert np.abs(colours[0, 3, 5]).max() > 1e-3


def test_pictures_are_reduced_by_their_means_and_both_ways_change_the_scene():
    network, images = tiny_network(factor=3), np.random.default_rng(0).uniform(-1, 1, (1, 48, 48, 3)).astype("float32")
    assert network.input_size == (48, 48)
    reduced = images.reshape(1, 16, 3, 16, 3, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(network.reduce(images), reduced, atol=1e-6)
    np.testing.assert_allclose(network(images), network.render(reduced), atol=1e-5)
    with_skips, without = numpy(network(images)), numpy(network(images, detail=0.0))
    assert np.abs(with_skips - without).max() > 1e-2
    assert np.abs(without - numpy(network(-images, detail=0.0))).max() > 1e-3
    alone = tiny_network(stirred(SceneEncoder(**SHAPE, skips=False), 2, 0.1))
    np.testing.assert_array_equal(alone(images[:, :32, :32]), alone(images[:, :32, :32], detail=0.0))


def test_each_picture_has_its_own_share_of_detail():
    network, images = tiny_network(), batch()["content"]
    by_share = [numpy(network(images, detail=share)) for share in (0.0, 0.25, 1.0)]
    both = numpy(network(images, detail=np.array([0.25, 1.0], "float32")))
    np.testing.assert_allclose(both[0], by_share[1][0], atol=1e-5)
    np.testing.assert_allclose(both[1], by_share[2][1], atol=1e-5)
    # The styles stay, so that the way from none to all is not a mixture of two pictures, but lies near one.
    away = [np.abs(scene - by_share[0]).mean() for scene in by_share]
    assert away[0] == 0 < away[1] < away[2]


def test_skips_restore_what_no_style_can_say():
    """Pixels drawn at random, which a few steps of the encoder's training find through the skips alone."""
    shape = {"size": (8, 8), "channel_base": 64, "channel_max": 8, "style_dim": 5}
    images, errors = np.random.default_rng(1).choice([-0.8, 0.8], (2, 8, 8, 3)).astype("float32"), {}
    for skips in (True, False):
        generator = StyleGAN2Generator(**shape, latent_dim=4, mapping_layers=1)
        network = SceneNetwork(SceneEncoder(**shape, skips=skips), generator, factor=1)
        network.build()
        generator.trainable = False
        network.compile(keras.optimizers.Adam(0.05), "mean_absolute_error", jit_compile=False)
        errors[skips] = network.fit(images, images, epochs=14, verbose=0).history["loss"][-1]
    assert errors[True] < 0.8 * errors[False]


@pytest.mark.parametrize(
    "make, message",
    [
        (
            lambda: SceneNetwork(SceneEncoder(**{**SHAPE, "style_dim": 4}), tiny_generator()),
            "`encoder` must have the generator's `style_dim`, 5. Received: style_dim=4",
        ),
        (lambda: SceneNetwork(SceneEncoder(**SHAPE), tiny_generator(channels=1)), "`generator` must have 3 channels"),
        (lambda: tiny_network(factor=0), "`factor` must be at least 1. Received: factor=0"),
    ],
)
def test_networks_that_do_not_fit_are_told(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# The model


def scene(model, data):
    return model.network(data["painted"], detail=data["detail"])


def test_a_quarter_of_the_pictures_has_all_detail_and_a_quarter_none(model):
    drawn = numpy(model.draw({**batch(), "content": np.zeros((400, 1)), "painted": None})["detail"])
    assert drawn.shape == (400,) and drawn.min() == 0 and drawn.max() == 1
    for share in (drawn == 0, drawn == 1):
        assert 0.17 < share.mean() < 0.33


def test_terms_are_their_definitions(model):
    # Without detail a scene is hardly asked to be the painting.
    data, share = model.draw({**batch(), "detail": np.array([0.0, 0.75], "float32")}), np.array([0.1, 0.75])
    terms = {name: numpy(value) for name, value in model.generator_terms(data).items()}
    assert set(terms) == {"pixel", "perceptual", "prior", "content", "style", "adversarial"}
    painted = numpy(model.stylise(data)).reshape(2, 16, 2, 16, 2, 3).mean(axis=(2, 4))
    scene = numpy(model.network.render(painted, detail=data["detail"]))
    np.testing.assert_allclose(terms["pixel"], share * np.abs(scene - painted).mean(axis=(1, 2, 3)), rtol=1e-4)
    features, wanted = model.perceptual(scene), model.perceptual(painted)
    expected = share * 0.8 * np.mean([numpy(content_loss(features[tap], wanted[tap])) for tap in features], axis=0)
    np.testing.assert_allclose(terms["perceptual"], expected, rtol=1e-3)
    photograph = model.perceptual(data["content"].reshape(2, 16, 2, 16, 2, 3).mean(axis=(2, 4)))
    expected = 0.3 * numpy(content_loss(features["relu3_1"], photograph["relu3_1"], "correlation"))
    np.testing.assert_allclose(terms["content"], expected, rtol=1e-3)
    statistics, shares = style_statistics(features), data["style_weights"] * data["strength"][:, None]
    distances = np.stack(
        [
            numpy(style_loss(statistics, {tap: bank[i : i + 1] for tap, bank in model.style_targets.items()}))
            for i in range(NUM_STYLES)
        ],
        axis=1,
    )
    np.testing.assert_allclose(terms["style"], (shares * distances).sum(axis=1), rtol=1e-3)
    fake, real = (numpy(model.critic(images)).reshape(-1) for images in (scene, data["images"]))
    np.testing.assert_allclose(terms["adversarial"], 0.3 * np.log1p(np.exp(-fake)), rtol=1e-3)
    critic = numpy(model.critic_terms(data)["adversarial"])
    np.testing.assert_allclose(critic, np.log1p(np.exp(fake)) + np.log1p(np.exp(-real)), rtol=1e-3)


def test_styles_of_the_generators_own_are_as_likely_as_the_prior_says(model):
    generator, rng = model.network.generator, np.random.default_rng(7)
    mean = numpy(generator.mean_styles).mean(axis=0)
    offsets = numpy(generator.map_latents(rng.normal(size=(4000, generator.latent_dim)).astype("float32"))) - mean
    prior = StylePrior(generator)
    # The ridge takes a little of 1, most of it where the mapping network says next to nothing.
    assert 0.7 < numpy(prior(offsets[:, None])).mean() < 1.05
    # By hand: squared offsets over the variances of the principal directions.
    covariance = offsets.astype("float64").T @ offsets / len(offsets)
    covariance += 0.01 * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    one = rng.normal(size=(1, 2, 5)).astype("float32")
    expected = np.mean([o @ np.linalg.solve(covariance, o) / 5 for o in one[0].astype("float64")])
    np.testing.assert_allclose(prior(one), [expected], rtol=0.1)
    np.testing.assert_allclose(prior(np.zeros((3, 2, 5), "float32")), np.zeros(3))
    data = model.draw(batch())
    styles = model.network.encoder(model.network.reduce(data["painted"]))["styles"]
    np.testing.assert_allclose(model.generator_terms(data)["prior"], 0.02 * numpy(prior(styles)), rtol=1e-3)


def test_relativistic_losses_see_the_scenes_and_augmentation_the_critics_pictures(model):
    data = model.draw(batch())
    other = build(loss="relativistic")
    logits = [numpy(other.critic(x)).reshape(-1) for x in (data["images"], scene(other, data))]
    expected = 0.3 * np.log1p(np.exp(logits[0] - logits[1]))
    np.testing.assert_allclose(other.generator_terms(data)["adversarial"], expected, rtol=1e-3)
    augmented = build(augment=DiffAugment(["colour"], seed=1))
    changed = numpy(augmented.score(data["images"])) - numpy(augmented.critic(data["images"]))
    assert np.abs(changed).max() > 1e-3


@pytest.mark.parametrize("phase", ["encoder", "joint"])
def test_joint_training_changes_encoder_and_generator_and_leaves_the_painter(phase):
    model = build(phase)
    networks = {"encoder": model.network.encoder, "generator": model.network.generator}
    networks |= {name: getattr(model, name) for name in ("style_network", "perceptual")}
    before = {name: [numpy(w).copy() for w in network.weights] for name, network in networks.items()}
    optimizers = {player.name: keras.optimizers.SGD(0.1) for player in model.players()}
    model.compile(optimizers, ema={"half_life_kimg": 1.0}, jit_compile=False, run_eagerly=True)
    logs = model.update_step(batch())
    terms = {"pixel", "perceptual", "prior"} | ({"content", "style", "adversarial"} if phase == "joint" else set())
    assert {f"generator/{term}" for term in terms} <= set(logs)
    assert ("critic/adversarial" in logs and "critic/r1" in logs) == (phase == "joint")
    learnt = {"encoder"} if phase == "encoder" else {"encoder", "generator"}
    for name, network in networks.items():
        pairs = zip(before[name], network.weights, strict=True)
        assert any(not np.array_equal(old, numpy(new)) for old, new in pairs) == (name in learnt), name
    frozen = {id(variable) for network in model.frozen_networks() for variable in network.weights}
    trained = {id(variable) for player in model.players() for variable in player.variables}
    assert not frozen & trained and model.ema is model.sampler is not model.network


def test_wrong_arguments_are_told(model):
    with pytest.raises(ValueError, match="`phase` must be one of encoder, joint. Received: phase=both"):
        build("both")
    with pytest.raises(ValueError, match="`critic` and a `critic_weight` above 0 go together"):
        build("joint", critic_weight=0.0)
    with pytest.raises(ValueError, match=r"`content` must have the size \(32, 32\). Received: \(40, 40\)"):
        model.stylise({**batch(), "content": np.zeros((2, 40, 40, 3), "float32")})
