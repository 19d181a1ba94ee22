"""Perceptual networks: preprocessing, golden features, taps, precision and weight files."""

import hashlib
import importlib.resources
import json
import pathlib

import keras
import numpy as np
import pytest
from PIL import Image

from keras_stylegan import pretrained
from keras_stylegan.exporters.model_card import perceptual_card
from keras_stylegan.losses import style_loss, style_statistics
from keras_stylegan.models.distillation import gram_rank_correlation, save_arrays
from keras_stylegan.networks import PerceptualNetwork, build_perceptual

FOLDERS = [parent / "shared" / "data" for parent in pathlib.Path(__file__).resolve().parents[2:]]
SHARED = next((folder for folder in FOLDERS if folder.is_dir()), FOLDERS[0])
SLIM = SHARED / "weights" / "vgg19_16x_wct.npz"
needs_shared = pytest.mark.skipif(not SLIM.is_file(), reason=f"no slim VGG-19 at {SLIM}")

# Mean and standard deviation of each tap of the slim VGG-19 on kodim22 at short side 64, and its relative Gram
# distances to the great wave, from an independent forward pass: tf.pad REFLECT, conv0 on RGB in [0, 1], Gram over
# height * width.
GOLDEN_MOMENTS = {
    "relu1_1": (2.8532937, 4.8379288),
    "relu2_1": (7.4954658, 7.1558266),
    "relu3_1": (4.7518134, 3.9585763),
    "relu4_1": (2.1104834, 2.4771345),
}
GOLDEN_DISTANCES = {"relu1_1": 0.53710794, "relu2_1": 0.33027455, "relu3_1": 0.20408195, "relu4_1": 0.10766279}

# Keras 3.15 saves weights through np.array(variable), which NumPy 2 wants to take a `copy` argument.
keras_to_numpy = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")


def picture(path, short=64):
    """A picture with its short side at `short` pixels, (1, height, width, 3) in [-1, 1]."""
    image = Image.open(SHARED / path).convert("RGB")
    ratio = short / min(image.size)
    image = image.resize((round(image.width * ratio), round(image.height * ratio)), Image.LANCZOS)
    return np.asarray(image, "float32")[None] / 127.5 - 1


@pytest.fixture(scope="module")
def slim():
    return build_perceptual("vgg19_slim", weights=SLIM)


@needs_shared
def test_features_of_the_slim_network_are_golden(slim):
    features = slim(picture("content/kodak/kodim22.png"))
    assert {tap: tuple(value.shape) for tap, value in features.items()} == {
        "relu1_1": (1, 64, 96, 16),
        "relu2_1": (1, 32, 48, 32),
        "relu3_1": (1, 16, 24, 64),
        "relu4_1": (1, 8, 12, 128),
    }
    for tap, (mean, deviation) in GOLDEN_MOMENTS.items():
        value = np.asarray(features[tap])
        np.testing.assert_allclose([value.mean(), value.std()], [mean, deviation], rtol=1e-4)


@needs_shared
def test_style_distances_of_the_slim_network_are_golden(slim):
    photo = style_statistics(slim(picture("content/kodak/kodim22.png")))
    wave = style_statistics(slim(picture("styles/hokusai_great_wave.jpg")))
    for tap, expected in GOLDEN_DISTANCES.items():
        loss = style_loss({tap: photo[tap]}, {tap: wave[tap]}, distance="relative")
        np.testing.assert_allclose(loss, [expected], rtol=1e-4)
    rooted = np.mean(np.sqrt(list(GOLDEN_DISTANCES.values())))
    np.testing.assert_allclose(style_loss(photo, wave), [rooted], rtol=1e-3)


@needs_shared
def test_golden_features_catch_a_wrong_range_and_a_wrong_channel_order(slim):
    image = picture("content/kodak/kodim22.png")
    for wrong in ((image + 1) / 2, (image + 1) * 127.5, image[..., ::-1]):
        mean = np.asarray(slim(wrong)["relu1_1"]).mean()
        assert abs(mean / GOLDEN_MOMENTS["relu1_1"][0] - 1) > 0.01


@needs_shared
def test_bfloat16_keeps_the_loss():
    fast = build_perceptual(SLIM, dtype="mixed_bfloat16")
    image = picture("content/kodak/kodim22.png")
    features = fast(image)
    assert all(value.dtype == "float32" for value in features.values())
    targets = style_statistics(build_perceptual(SLIM)(picture("styles/hokusai_great_wave.jpg")))
    statistics = style_statistics(features)
    for tap, expected in GOLDEN_DISTANCES.items():
        loss = style_loss({tap: statistics[tap]}, {tap: targets[tap]}, distance="relative")
        np.testing.assert_allclose(loss, [expected], rtol=0.02)


def tiny(**options):
    """A perceptual network with random weights, and the arrays that made it."""
    network = PerceptualNetwork(((3, 4), (5,), (6,)), **{"taps": ("relu1_2", "relu3_1"), **options})
    network.build()
    random = np.random.default_rng(0)
    for layer in (network.preprocess, *network.convolutions):
        layer.set_weights([random.normal(0, 0.3, weight.shape).astype("float32") for weight in layer.weights])
    return network


def test_taps_shapes_and_frozen_weights():
    network = tiny()
    features = network(np.zeros((2, 13, 9, 3), "float32"))
    assert {tap: tuple(value.shape) for tap, value in features.items()} == {
        "relu1_2": (2, 13, 9, 4), "relu3_1": (2, 3, 2, 6)
    }  # fmt: skip
    assert network.compute_output_shape((None, 13, None, 3)) == {
        "relu1_2": (None, 13, None, 4), "relu3_1": (None, 3, None, 6)
    }  # fmt: skip
    assert network.trainable_variables == []
    assert len(tiny(taps=("relu1_2",)).convolutions) == 2


@pytest.mark.parametrize("padding", ["same", "reflect"])
def test_preprocessing_comes_before_padding_and_pooling_after_relu(padding):
    network, image = tiny(padding=padding), np.random.default_rng(1).uniform(-1, 1, (1, 8, 8, 3)).astype("float32")
    mode = {"same": "constant", "reflect": "reflect"}[padding]
    kernel, bias = network.preprocess.get_weights()
    x = image[0] @ kernel[0, 0] + bias
    for number, convolution in enumerate(network.convolutions):
        if number >= 2:  # relu1_2 and relu2_1 end their stages
            x = x.reshape(x.shape[0] // 2, 2, x.shape[1] // 2, 2, -1).max(axis=(1, 3))
        kernel, bias = convolution.get_weights()
        padded = np.pad(x, ((1, 1), (1, 1), (0, 0)), mode=mode)
        height, width = x.shape[:2]
        patches = [padded[i : i + height, j : j + width] @ kernel[i, j] for i in range(3) for j in range(3)]
        x = np.maximum(sum(patches) + bias, 0)
    np.testing.assert_allclose(network(image)["relu3_1"][0], x, rtol=1e-4, atol=1e-5)


@keras_to_numpy
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_saving_a_whole_model(tmp_path, dtype):
    network, image = tiny(padding="reflect", dtype=dtype), np.random.default_rng(1).uniform(-1, 1, (1, 8, 8, 3))
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    assert loaded.get_config() == network.get_config() and not loaded.trainable
    for tap, value in network(image).items():
        np.testing.assert_array_equal(loaded(image)[tap], value)


def test_weight_file_of_the_packages_own_layout(tmp_path):
    network, image = tiny(padding="reflect"), np.random.default_rng(1).uniform(-1, 1, (1, 8, 8, 3))
    save_arrays(network, tmp_path / "own.npz", "float32")
    loaded = build_perceptual(tmp_path / "own.npz", taps=network.taps)
    assert loaded.widths == network.widths
    for tap, value in network(image).items():
        np.testing.assert_array_equal(loaded(image)[tap], value)


@keras_to_numpy
def test_vgg16_from_a_local_file_equals_keras_applications(tmp_path):
    source = keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3))
    source.save_weights(tmp_path / "vgg16.weights.h5")
    network = build_perceptual("vgg16", taps=("relu1_2", "relu2_1"), weights=tmp_path / "vgg16.weights.h5")
    pixels = np.random.default_rng(0).integers(0, 256, (1, 32, 32, 3)).astype("float32")
    expected = keras.Model(source.input, [source.get_layer(name).output for name in ("block1_conv2", "block2_conv1")])(
        keras.applications.vgg16.preprocess_input(pixels.copy())
    )
    features = network(pixels / 127.5 - 1)
    for tap, value in zip(("relu1_2", "relu2_1"), expected, strict=True):
        np.testing.assert_allclose(features[tap], value, rtol=1e-4, atol=1e-3)


def test_errors_teach(tmp_path):
    with pytest.raises(ValueError, match="`padding` must be .* Received: 'valid'"):
        tiny(padding="valid")
    with pytest.raises(ValueError, match=r"`taps` must be names among relu1_1, relu1_2, relu2_1, relu3_1. Received"):
        tiny(taps=("relu1_3",))
    with pytest.raises(ValueError, match="`images` must be at least 8 pixels"):
        tiny()(np.zeros((1, 7, 20, 3), "float32"))
    with pytest.raises(ValueError, match="one of compact, vgg16, vgg19, vgg19_slim. Received: 'vgg11'"):
        build_perceptual("vgg11")
    with pytest.raises(ValueError, match="`weights` must name the .npz file of 'vgg19_slim'"):
        build_perceptual("vgg19_slim")
    with pytest.raises(FileNotFoundError):
        build_perceptual(tmp_path / "missing.npz")
    with pytest.raises(FileNotFoundError, match="missing.h5"):
        build_perceptual("vgg19", weights=tmp_path / "missing.h5")
    (tmp_path / "text.npz").write_text("not an archive")
    with pytest.raises(ValueError, match="text.npz` is not a readable .npz weight file"):
        build_perceptual(tmp_path / "text.npz")
    np.savez(tmp_path / "other.npz", weights=np.zeros(3))
    with pytest.raises(ValueError, match="must have the arrays preprocess/kernel"):
        build_perceptual(tmp_path / "other.npz")
    arrays = {layer.name: layer.get_weights() for layer in (tiny().preprocess, *tiny().convolutions)}
    with pytest.raises(ValueError, match="`arrays` must have 'conv2_1'"):
        tiny().assign({name: value for name, value in arrays.items() if name != "conv2_1"})
    with pytest.raises(ValueError, match="Weights of 'conv1_1' must have the shapes"):
        tiny().assign({**arrays, "conv1_1": arrays["conv1_2"]})


def test_the_packaged_network_is_what_its_record_says():
    folder = importlib.resources.files("keras_stylegan.assets") / "weights"
    record, content = json.loads((folder / "compact.json").read_text()), (folder / "compact.npz").read_bytes()
    assert hashlib.sha256(content).hexdigest() == record["sha256"]
    assert len(content) == record["bytes"] <= 2_000_000
    assert record["rank_correlation"]["mean"] >= 0.95
    entry = pretrained.manifest()["compact"]
    assert {**entry, "name": "compact"} == record
    assert (folder / "compact.md").read_text(encoding="utf-8") == perceptual_card(entry)
    network = build_perceptual("compact")
    assert network.count_params() == record["parameters"]
    shapes = {tap: shape[-1] for tap, shape in network.compute_output_shape((1, 32, 32, 3)).items()}
    assert shapes == {"relu1_1": 16, "relu2_1": 32, "relu3_1": 64, "relu4_1": 128}


@needs_shared
def test_the_packaged_network_orders_style_distances_as_its_teacher(slim):
    photographs = [
        picture(f"content/kodak/{path.name}", 96)[0] for path in sorted((SHARED / "content/kodak").iterdir())[:6]
    ]
    paintings = [picture(f"styles/{path.name}", 96)[0] for path in sorted((SHARED / "styles").glob("*.jpg"))[::5]]
    assert gram_rank_correlation(build_perceptual("compact"), slim, photographs, paintings)["mean"] >= 0.95
