"""The scene pipeline on a tiny StyleGAN2: where it begins, what each term is, who learns in which phase."""

import keras
import numpy as np
import pytest
from toy_fusion import stirred
from toy_styles import NUM_STYLES

from keras_stylegan.losses import content_loss, style_loss, style_statistics
from keras_stylegan.models import ScenePipeline
from keras_stylegan.networks import (
    PerceptualNetwork,
    SceneEncoder,
    StyleGAN2Critic,
    StyleGAN2Generator,
    StyleTransformer,
)

SHAPE = {"size": (16, 16), "channel_base": 64, "channel_max": 6, "style_dim": 5}


def numpy(tensor):
    return keras.ops.convert_to_numpy(tensor)


def build(phase="joint", encoder=None, **options):
    rng = np.random.default_rng(2)
    generator = stirred(StyleGAN2Generator(**SHAPE, latent_dim=4), 1)
    encoder = stirred(SceneEncoder(**SHAPE), 2, 0.1) if encoder is None else encoder
    style_network = stirred(StyleTransformer(NUM_STYLES, (4, 4, 4), (0, 1, 0), num_waves=2), 3, 0.1)
    perceptual = stirred(PerceptualNetwork(((4,), (4,), (4,), (4,)), name="tiny"), 4)
    critic = StyleGAN2Critic((16, 16), channel_base=64, channel_max=6)
    pictures = [rng.uniform(-1, 1, (16, 16, 3)).astype("float32") for _ in range(NUM_STYLES)]
    joint = {"critic": stirred(critic, 5)} if phase == "joint" else {}
    return ScenePipeline(style_network, encoder, generator, perceptual, pictures, phase=phase, **{**joint, **options})


def batch(seed=0):
    rng = np.random.default_rng(seed)
    return {
        "content": rng.uniform(-1, 1, (2, 32, 32, 3)).astype("float32"),
        "style_weights": np.array([[1, 0, 0], [0, 0.25, 0.75]], "float32"),
        "strength": np.array([1, 0.5], "float32"),
        "images": rng.uniform(-1, 1, (2, 16, 16, 3)).astype("float32"),
    }


@pytest.fixture(scope="module")
def model():
    return build()


def test_a_new_encoder_makes_the_mean_picture():
    encoder = SceneEncoder(**SHAPE)
    encoder.build()
    model = build("encoder", encoder)
    mean = model.generator.mean_styles.value[0]
    expected = model.generator.synthesize(keras.ops.tile(mean[None, None], (1, model.generator.num_styles, 1)))
    scene = model.make_scene(batch()["images"])
    np.testing.assert_allclose(scene, np.repeat(expected, 2, axis=0), atol=1e-5)


def test_skips_are_added_to_the_stage_of_their_size(model):
    generator, styles = model.generator, np.zeros((1, model.generator.num_styles, 5), "float32")
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


def test_encoder_follows_the_picture_only_with_skips_in_detail(model):
    images = batch()["images"]
    scene, other = numpy(model.make_scene(images)), numpy(model.make_scene(-images))
    assert np.abs(scene - other).max() > 1e-2
    encoder = stirred(SceneEncoder(**SHAPE, skips=False), 2, 0.1)
    assert set(encoder(images)) == {"styles"}
    assert build("encoder", encoder).make_scene(images).shape == (2, 16, 16, 3)


def test_terms_are_their_definitions(model):
    data = batch()
    terms = {name: numpy(value) for name, value in model.pipeline_terms(data).items()}
    assert set(terms) == {"pixel", "perceptual", "content", "style", "adversarial"}
    stylised = numpy(model.stylise(data)).reshape(2, 16, 2, 16, 2, 3).mean(axis=(2, 4))
    scene = numpy(model.make_scene(stylised))
    np.testing.assert_allclose(terms["pixel"], np.abs(scene - stylised).mean(axis=(1, 2, 3)), rtol=1e-4)
    features, wanted = model.perceptual(scene), model.perceptual(stylised)
    expected = 0.8 * np.mean([numpy(content_loss(features[tap], wanted[tap])) for tap in features], axis=0)
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
    logits = numpy(model.critic(scene)).reshape(-1)
    np.testing.assert_allclose(terms["adversarial"], 0.1 * np.log1p(np.exp(-logits)), rtol=1e-3)


@pytest.mark.parametrize("phase", ["encoder", "joint"])
def test_who_learns(phase):
    model = build(phase)
    networks = {name: getattr(model, name) for name in ("style_network", "encoder", "generator", "perceptual")}
    before = {name: [numpy(w).copy() for w in network.trainable_variables] for name, network in networks.items()}
    optimizers = {player.name: keras.optimizers.SGD(0.1) for player in model.players()}
    model.compile(optimizers, jit_compile=False, run_eagerly=True)
    logs = model.update_step(batch())
    assert ("critic/adversarial" in logs and "critic/r1" in logs) == (phase == "joint")
    learnt = {"encoder"} if phase == "encoder" else {"encoder", "generator", "style_network"}
    for name, network in networks.items():
        pairs = zip(before[name], network.trainable_variables, strict=True)
        assert any(not np.array_equal(old, numpy(new)) for old, new in pairs) == (name in learnt), name
    frozen = {variable.path for network in model.frozen_networks() for variable in network.weights}
    assert not frozen & {variable.path for network in model.trained_networks for variable in network.weights}


def test_wrong_arguments_are_told(model):
    with pytest.raises(ValueError, match="`phase` must be one of encoder, joint. Received: phase=both"):
        build("both")
    with pytest.raises(ValueError, match="`encoder` must have size, style_dim and styles of the generator"):
        build("encoder", SceneEncoder(**{**SHAPE, "style_dim": 4}))
    with pytest.raises(ValueError, match="`critic` and a `critic_weight` above 0 go together"):
        build("joint", critic_weight=0.0)
    with pytest.raises(ValueError, match="`content` must be a whole multiple of the generator's size"):
        model.reduce(np.zeros((1, 40, 40, 3), "float32"))
    with pytest.raises(ValueError, match="`ema` must be None in the joint phase"):
        model.averaged_network()
