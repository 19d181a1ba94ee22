"""What every family of networks must allow: classes, frozen blocks, rotations, in one step of training."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_stylegan import from_preset

BATCH, CLASSES = 4, 3
SMALL = ["size=16,16", "latent_dim=5"]
NARROW = [*SMALL, "filters=4", "max_filters=8"]
STYLED = ["style_dim=6", "mapping_layers=1"]
FAMILIES = {
    "dcgan": [*NARROW, "size=32,32"],
    "sngan": [*NARROW, "critic_steps=1"],
    "progressive": NARROW,
    "stylegan": [*NARROW, *STYLED],
    "r3gan_cifar10": [*NARROW, "group_width=4"],
    "stylegan2": [*SMALL, *STYLED, "channel_base=64", "channel_max=6"],
}
# A step is long: of the others' critics one is that of `tests/test_noise_to_image.py`, one that of progressive growing.
STEPPED = ["sngan", "progressive", pytest.param("r3gan_cifar10", marks=pytest.mark.soak), "stylegan2"]


def made(name, *settings):
    """The model of a family with weights that are nowhere zero."""
    keras.utils.set_random_seed(5)
    model, rng = from_preset(name, *FAMILIES[name], *settings, num_classes=CLASSES), np.random.default_rng(0)
    for variable in [*model.generator.trainable_variables, *model.critic.trainable_variables]:
        variable.assign(variable + rng.normal(0, 0.3, variable.shape).astype("float32"))
    return model


def batch_of(model):
    rng = np.random.default_rng(1)
    images = rng.uniform(-1, 1, (BATCH, *model.generator.size, 3)).astype("float32")
    return {"images": images, "labels": np.int32([0, 1, 2, 0])}


@pytest.mark.parametrize("name", FAMILIES)
def test_a_class_changes_the_picture_and_the_score(name):
    model = made(name)
    latents = np.ones((CLASSES, model.generator.latent_dim), "float32")
    images = np.tile(batch_of(model)["images"][:1], (CLASSES, 1, 1, 1))
    for network, inputs in ((model.generator, latents), (model.critic, images)):
        outputs = ops.convert_to_numpy(network(inputs, np.eye(CLASSES, dtype="float32")))
        for one, another in ((0, 1), (1, 2)):
            assert np.abs(outputs[one] - outputs[another]).max() > 1e-4
        alike = ops.convert_to_numpy(network(inputs, np.eye(CLASSES, dtype="float32")[[1, 1, 1]]))
        np.testing.assert_allclose(alike[0], alike[1], atol=1e-4)  # it was the class


@pytest.mark.parametrize("name", FAMILIES)
def test_frozen_blocks_are_those_at_the_picture(name):
    model = made(name, "frozen_blocks=2")
    blocks = [keras.tree.flatten(block) for block in model.critic.blocks]
    assert any(3 in weight.shape for layer in blocks[0] for weight in layer.weights)  # the channels of a picture
    frozen = {id(weight) for block in blocks[:2] for layer in block for weight in layer.weights}
    trained = {id(variable) for variable in model.players()[0].variables}
    others = {id(variable) for variable in model.critic.weights} - frozen
    assert frozen and not frozen & trained and trained <= others
    assert len(trained) == len(model.critic.trainable_variables)


@pytest.mark.parametrize("name", STEPPED)
def test_a_step_guesses_rotations_and_leaves_what_is_frozen(name, eagerly):
    model = made(name, "rotation_weights=1,0.5", "frozen_blocks=1")
    model.compile({player: keras.optimizers.SGD(0.01) for player in ("critic", "generator")})
    watched = [*model.critic.weights, *model.rotation_head.weights]
    before, batch = [np.array(variable) for variable in watched], batch_of(model)
    logs = model.make_step()(batch)
    assert {"critic/rotation", "generator/rotation"} <= set(logs)
    moved = {id(v) for v, old in zip(watched, before, strict=True) if not np.array_equal(old, np.array(v))}
    layers = keras.tree.flatten(model.critic.blocks[0])
    # Vectors of spectral norms go on; of a weight that stays, they only come nearer to what they are to be.
    frozen = {id(v) for layer in layers for v in layer.weights if v.name in ("kernel", "bias")}
    assert frozen and not moved & frozen and moved & {id(v) for v in model.critic.weights}
    assert id(model.rotation_head.kernel) in moved
    assert model.get_config()["rotation_weights"] == (1.0, 0.5)
    assert made(name).rotation_head is None
