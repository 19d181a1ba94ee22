"""Classifiers as encoders and critics: taps as documented, pixels as each expects, trained with each, no download."""

import importlib

import keras
import numpy as np
import pytest

from keras_stylegan.models import NoiseToImage, SuperResolution
from keras_stylegan.networks import (
    TRUNKS,
    BackboneCritic,
    BackboneTrunk,
    BackboneUNet,
    DCGANGenerator,
    ProjectedCritic,
    TextureCritic,
    backbone_trunk,
)
from keras_stylegan.ops.gradients import input_gradient

# Channels of the taps, and the module of keras.applications with the preparation of the pixels.
EXPECTED = {
    "densenet121": ((64, 256, 512, 1024, 1024), "densenet"),
    "inception_v3": ((64, 192, 288, 768, 2048), "inception_v3"),
    "mobilenet": ((64, 128, 256, 512, 1024), "mobilenet"),
    "resnet50": ((64, 256, 512, 1024, 2048), "resnet"),
}


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Whatever these tests do, nothing may be downloaded."""

    def refuse(*arguments, **options):
        raise AssertionError("something was downloaded")

    for name in EXPECTED.values():
        module = importlib.import_module(f"keras.src.applications.{name[1]}")
        if hasattr(module, "file_utils"):
            monkeypatch.setattr(module.file_utils, "get_file", refuse)


@pytest.fixture(scope="module", params=TRUNKS)
def built(request):
    """A backbone's network with all its levels: built once, since that takes seconds."""
    return request.param, backbone_trunk._build(request.param, backbone_trunk.LEVELS, None)


@pytest.fixture
def shared(built, monkeypatch):
    """The name of a backbone, whose trunks are parts of the network above."""
    name, network = built
    for layer in network.layers:  # which the trunk of another test may have frozen
        layer.trainable = True

    def build(backbone, levels, weights):
        assert backbone == name and weights is None
        return keras.Model(network.input, network.outputs[:levels])

    monkeypatch.setattr(backbone_trunk, "_build", build)
    return name


def test_every_backbone_is_expected():
    assert set(TRUNKS) == set(EXPECTED)
    rows = [line.split("|")[2:6] for line in backbone_trunk.__doc__.splitlines() if line.startswith("|")]
    names, cells = [cell.strip(" `") for cell in rows[0]], rows[2:]
    for column, name in enumerate(names):
        assert tuple(int(row[column].split()[-1]) for row in cells) == EXPECTED[name][0]


def test_taps_halve_the_picture_and_pixels_are_prepared(shared):
    channels, module = EXPECTED[shared]
    trunk = BackboneTrunk(shared)
    assert trunk.channels == channels
    shapes = trunk.compute_output_shape((2, 320, 352, 3))
    assert list(shapes) == [f"level_{level}" for level in range(1, 6)]
    for level, shape in enumerate(shapes.values(), 1):
        for side, whole in zip(shape[1:3], (320, 352), strict=True):
            assert abs(side - whole / 2**level) <= (4 if shared == "inception_v3" else 0)
    first = BackboneTrunk(shared, levels=1)
    pixels = np.random.default_rng(0).integers(0, 256, (1, 80, 80, 3)).astype("float32")
    prepare = importlib.import_module(f"keras.applications.{module}").preprocess_input
    wanted = first.network(prepare(pixels.copy()))[0]
    features = first(pixels / 127.5 - 1)["level_1"]
    np.testing.assert_allclose(features, wanted, rtol=1e-3, atol=1e-3 * np.abs(wanted).max())


def test_the_smallest_picture_has_every_level(shared):
    for levels in range(1, 6):
        trunk = BackboneTrunk(shared, levels)
        assert trunk.smallest == {4: 43, 5: 75}.get(levels, 32) if shared == "inception_v3" else 32
        assert _smallest_map(trunk, trunk.smallest) >= 1
        if trunk.smallest > 32:
            assert _smallest_map(trunk, trunk.smallest - 1) < 1


def _smallest_map(trunk, side):
    try:
        return min(shape[1] for shape in trunk.compute_output_shape((1, side, side, 3)).values())
    except ValueError:  # Keras on a convolution of nothing
        return 0


def test_trains_as_encoder(shared):
    network = BackboneUNet(shared, levels=2, filters=4, max_filters=8)
    critic = TextureCritic(filters=4, num_halvings=1)
    for part in (network, critic):
        part.build((None, None, None, 3))
    model = SuperResolution(network, critic=critic, critic_weight=0.1)
    model.compile({name: keras.optimizers.SGD(0.1) for name in ("generator", "critic")}, run_eagerly=True)
    images = np.random.default_rng(0).uniform(-1, 1, (2, 77, 80, 3)).astype("float32")
    kernel = network.trunk.trainable_variables[0]
    before = kernel.numpy().copy()
    logs = model.update_step({"images": images, "small": images[:, :, ::-1]})
    assert np.isfinite([float(value) for value in logs.values()]).all()
    assert network(images).shape == (2, 77, 80, 3)
    assert np.abs(kernel.numpy() - before).max() > 0


@pytest.mark.parametrize("frozen", [True, False])
def test_trains_as_critic(shared, frozen):
    if not frozen and shared != "mobilenet":
        pytest.skip("the same code for each; once is enough")
    critic = BackboneCritic(shared, levels=(2, 1), frozen=frozen, filters=4)
    generator = DCGANGenerator((80, 80), latent_dim=4, filters=4, max_filters=4)
    for part in (critic, generator):
        part.build()
    model = NoiseToImage(generator, critic, loss="hinge")
    model.compile({name: keras.optimizers.SGD(0.1) for name in ("generator", "critic")}, run_eagerly=True)
    trunk = [w.numpy().copy() for w in critic.trunk.weights]
    head = critic.heads[0][0].kernel.numpy().copy()
    images = np.random.default_rng(0).uniform(-1, 1, (2, 80, 80, 3)).astype("float32")
    logs = model.update_step({"images": images})
    assert float(logs["generator/gradient_norm"]) > 0
    assert np.abs(critic.heads[0][0].kernel.numpy() - head).max() > 0
    same = all(np.array_equal(w.numpy(), value) for w, value in zip(critic.trunk.weights, trunk, strict=True))
    assert same == frozen and bool(critic.trunk.trainable_variables) != frozen
    assert critic(images).shape == (2, 2)
    assert [block[0].name for block in critic.blocks] == ["mix_1", "mix_2"]


# With one of them


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(1).uniform(-1, 1, (2, 48, 40, 3)).astype("float32")


@pytest.fixture(scope="module")
def networks():
    return {
        "generator": BackboneUNet("mobilenet", levels=2, filters=4, max_filters=6, out_channels=1, num_classes=3),
        "critic": BackboneCritic("mobilenet", levels=(1, 2), filters=4, num_classes=3),
    }


@pytest.mark.parametrize("name", ["generator", "critic"])
def test_a_class_decides_and_networks_save_and_load(networks, images, name, tmp_path):
    network, labels = networks[name], np.eye(3, dtype="float32")
    outputs = np.asarray(network(images, labels[:2]))
    assert outputs.shape == ((2, 48, 40, 1) if name == "generator" else (2, 2))
    assert np.abs(outputs - network(images, labels[1:])).max() > 1e-6
    assert network.get_config()["weights"] is None
    network.save(tmp_path / "network.keras")
    loaded = keras.models.load_model(tmp_path / "network.keras")
    assert loaded.get_config() == network.get_config()
    np.testing.assert_array_equal(loaded(images, labels[:2]), outputs)


def test_the_projected_critic_looks_through_a_classifier_too(images, tmp_path):
    critic, labels = ProjectedCritic(BackboneTrunk("mobilenet", 2), (32, 32), 4, num_classes=3), np.eye(3)[:2]
    critic.build()
    pictures = images[:, :32, :32]
    logits = np.asarray(critic(pictures, labels))
    assert logits.shape == (2, 2 * 16)
    _, gradient = input_gradient(lambda x: critic(x, labels), pictures)
    assert np.abs(np.asarray(gradient)).max() > 0
    assert not [v for v in critic.trainable_variables if "trunk" in v.path or "conv_pw" in v.path]
    critic.save(tmp_path / "critic.keras")
    np.testing.assert_allclose(keras.models.load_model(tmp_path / "critic.keras")(pictures, labels), logits, atol=1e-5)


def test_weights_come_from_local_files(images, tmp_path):
    whole = keras.applications.MobileNet(include_top=False, weights=None, input_shape=(None, None, 3))
    whole.save_weights(tmp_path / "mobilenet.weights.h5")
    arrays = {}
    for layer in whole.layers:
        prefix = "depthwise_" if isinstance(layer, keras.layers.DepthwiseConv2D) else ""
        arrays |= {f"{layer.name}/{prefix}{weight.name}": weight.numpy() for weight in layer.weights}
    np.savez(tmp_path / "mobilenet.npz", **arrays)
    wanted = keras.Model(whole.input, whole.get_layer("conv_pw_3_relu").output)(images)
    for file in ("mobilenet.weights.h5", "mobilenet.npz"):
        trunk = BackboneTrunk("mobilenet", 2, tmp_path / file)
        np.testing.assert_allclose(trunk(images)["level_2"], wanted, atol=1e-5)
        assert not trunk.trainable_variables
    np.savez(tmp_path / "part.npz", **{k: v for k, v in arrays.items() if "conv_pw_3/" not in k})
    (tmp_path / "broken.h5").write_bytes(b"none")
    for file, message in (("part.npz", "is not an .npz file of mobilenet"), ("broken.h5", "is not a weight file of")):
        with pytest.raises(ValueError, match=message):
            BackboneTrunk("mobilenet", 2, tmp_path / file)
    with pytest.raises(FileNotFoundError, match='`weights` must be None, "imagenet" or an existing file'):
        BackboneTrunk("mobilenet", 2, tmp_path / "missing.h5")


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: BackboneTrunk("resnet51"), "`backbone` must be one of .*Received: backbone='resnet51'.*resnet50"),
        (lambda: BackboneTrunk("mobilenet", 6), "`levels` must be from 1 to 5. Received: levels=6"),
        (lambda: BackboneUNet("mobilenet", filters=0), "`filters`, `max_filters` and `out_channels` must be positive"),
        (lambda: BackboneCritic("mobilenet", levels=(2, 2)), "`levels` must be different levels from 1"),
        (lambda: BackboneCritic("mobilenet", filters=0), "`filters` must be positive"),
    ],
)
def test_wrong_arguments_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_small_pictures_are_refused(networks):
    with pytest.raises(ValueError, match="`images` must be at least 32 pixels on each side"):
        networks["critic"](np.zeros((1, 31, 40, 3), "float32"), np.zeros((1, 3), "float32"))
